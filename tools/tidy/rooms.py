"""The rooms of the library, and who may look into which. This table is the rule; ARCHITECTURE.md says why."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

CORE = "cutwater/core"
QUEUE = "cutwater/queue"
ESTIMATE = "cutwater/estimate"
STORE = "cutwater/store"
STORES = "cutwater/store/*"
SERVERS = "test/servers"
POLICIES = "cutwater/policy/*"
CLASSIFY = "cutwater/classify/*"
GRPC = "cutwater/classify/grpc"
PIPELINE = "cutwater/pipeline"
CLOCK = "cutwater/drive/clock"
WHEEL = "cutwater/drive/wheel"
POOL = "cutwater/drive/pool"
SYNC = "cutwater/drive/sync"
SYSTEM = "cutwater/drive/system"
ASIO = "cutwater/drive/asio"
WORK = "cutwater/drive/work"
ASYNC_WORK = "cutwater/drive/async_work"
PREFETCH = "cutwater/drive/prefetch"
ASYNC_PREFETCH = "cutwater/drive/async_prefetch"
RATE = "cutwater/policy/rate_limiter"
DRIVERS = "cutwater/drive/*"
STANDARD = "cutwater/standard"
SIM = "cutwater/sim"
TESTING = "cutwater/testing"
TESTING_ASIO = "cutwater/testing/asio"
BENCH_SUPPORT = "bench/support"
UMBRELLA = "cutwater/cutwater.hpp"
ASIO_UMBRELLA = "cutwater/asio.hpp"
KEYED = "cutwater/policy/keyed"
KEYED_UMBRELLA = "cutwater/keyed.hpp"
IDEMPOTENCY = "cutwater/policy/idempotency_guard"
CACHE = "cutwater/policy/cache"
SHARED_RATE = "cutwater/policy/shared_rate_limiter"
SHARED_BUDGET = "cutwater/policy/shared_retry_budget"
CIRCUIT = "cutwater/policy/circuit_breaker"
CIRCUIT_QUORUM = "cutwater/policy/circuit_quorum"
HTTP = "cutwater/http"
HTTP_IDEMPOTENCY = "cutwater/http/idempotency"
HTTP_UMBRELLA = "cutwater/http.hpp"
STORE_UMBRELLA = "cutwater/store.hpp"
METRICS = "cutwater/observe/metrics"
OBSERVE_PROMETHEUS = "cutwater/observe/prometheus"
TRACE = "cutwater/observe/trace"
OTLP = "cutwater/observe/otlp"
OBSERVE_LOG = "cutwater/observe/log"
LEDGER = "cutwater/observe/ledger"
RECORDER = "cutwater/observe/recorder"
SLO = "cutwater/observe/slo"
HEALTH = "cutwater/health"
ADMIN = "cutwater/admin"
SAGA = "cutwater/saga"
SAGA_ASIO = "cutwater/saga/asio"


@dataclass(frozen=True)
class Room:
    """A folder, one folder for each name where it ends in `*`, or a header of its own."""

    place: str
    looks_into: tuple[str, ...]  # besides itself
    third_party: tuple[str, ...] = ()  # how the foreign headers begin that it may include


ROOMS = (
    Room(CORE, (), ("cxxabi.h",)),  # the readable name of an exception's type
    Room(QUEUE, (CORE,)),
    Room(ESTIMATE, (CORE,)),
    Room(KEYED, (CORE,), ("sodium.h",)),  # before the others: the one policy whose keys need a hash
    Room(IDEMPOTENCY, (CORE, STORE)),  # these, too: what they remember may outlast their process
    Room(CACHE, (CORE, STORE)),
    Room(SHARED_RATE, (CORE, STORE)),
    Room(SHARED_BUDGET, (CORE, STORE)),
    Room(CIRCUIT_QUORUM, (CORE, STORE, CIRCUIT)),  # the one policy that advises another
    Room(POLICIES, (CORE, QUEUE, ESTIMATE)),
    Room(CLASSIFY, (CORE,)),
    Room(PIPELINE, (CORE,)),
    Room(CLOCK, (CORE,), ("pthread.h",)),
    Room(WHEEL, (CORE,)),
    Room(POOL, (CORE,)),
    Room(SYSTEM, (CORE, CLOCK)),
    Room(SYNC, (CORE, PIPELINE, CLOCK, POOL)),
    Room(ASIO, (CORE, PIPELINE, CLOCK, WHEEL), ("boost/asio", "boost/system", "sanitizer/")),
    Room(WORK, (CORE, QUEUE, RATE, PIPELINE, CLOCK, SYNC)),  # the one driver with a rate of its own
    Room(ASYNC_WORK, (CORE, PIPELINE, WHEEL, ASIO, WORK), ("boost/asio",)),
    Room(PREFETCH, (CORE, CACHE, PIPELINE, WORK)),
    Room(ASYNC_PREFETCH, (CORE, CACHE, ASYNC_WORK, PREFETCH), ("boost/asio",)),
    Room(STANDARD, (CORE, PIPELINE, POLICIES, CLOCK, SYNC)),
    Room(TESTING, (CORE, PIPELINE, CLOCK, SYNC), ("gtest/", "gmock/")),
    Room(TESTING_ASIO, (CORE, PIPELINE, CLOCK, SYNC, ASIO, TESTING), ("boost/asio", "gtest/", "gmock/")),
    Room(BENCH_SUPPORT, (), ("benchmark/", "malloc.h")),
    Room(SERVERS, (), ("boost/", "unistd.h")),
    Room(SIM, (CORE, PIPELINE)),
    Room("cutwater/config", (CORE, PIPELINE, POLICIES), ("fmt/", "nlohmann/", "valijson/", "yaml-cpp/")),
    Room(OBSERVE_PROMETHEUS, (CORE, CLOCK, METRICS), ("boost/nowide", "prometheus/")),
    Room(TRACE, (CORE, CLOCK)),
    Room(OTLP, (CORE, CLOCK, TRACE, PIPELINE, POLICIES, ASIO, HTTP), ("boost/asio", "nlohmann/")),
    Room(OBSERVE_LOG, (CORE,), ("fmt/", "nlohmann/", "pthread.h", "spdlog/", "sys/wait.h", "unistd.h")),
    Room(RECORDER, (CORE, LEDGER)),
    Room(SLO, (CORE,)),
    Room("cutwater/observe/*", (CORE,), ("fmt/", "nlohmann/", "spdlog/")),
    Room(HEALTH, (CORE, CLOCK, POOL), ("nlohmann/",)),
    Room(ADMIN, (CORE, HEALTH), ("boost/",)),
    Room(HTTP, (CORE, GRPC, PIPELINE, CLOCK, ASIO), ("boost/", "openssl/")),
    Room(HTTP_IDEMPOTENCY, (CORE, STORE, HTTP), ("boost/", "nlohmann/", "openssl/")),  # whole answers go into a cell
    Room(STORE, (CORE,)),
    Room(STORES, (CORE, STORE, CLOCK, SYNC, PIPELINE, ASIO), ("boost/asio", "boost/system", "hiredis/", "libpq-fe.h", "sqlite3.h", "poll.h")),
    Room(SAGA, (CORE, STORE, CLOCK)),
    Room(SAGA_ASIO, (CORE, STORE, SAGA, CLOCK, ASIO, PIPELINE), ("boost/asio",)),
    Room(UMBRELLA, (CORE, CLASSIFY, ESTIMATE, PIPELINE, POLICIES, CLOCK, POOL, SYNC, SYSTEM, WORK, STANDARD)),
    Room(STORE_UMBRELLA, (UMBRELLA, CORE, STORE, STORES, POLICIES, PREFETCH)),
    Room(KEYED_UMBRELLA, (UMBRELLA, CORE, KEYED)),
    Room(ASIO_UMBRELLA, (UMBRELLA, CORE, PIPELINE, POLICIES, CLOCK, SYNC, STANDARD, ASIO, ASYNC_WORK)),
    Room(HTTP_UMBRELLA, (ASIO_UMBRELLA, HTTP)),
)

# What stands beside a room's files to test, measure and show them may look further.
SIBLINGS_LOOK_INTO = (
    CORE, ESTIMATE, QUEUE, METRICS, TRACE, STORE, STORES, PIPELINE, DRIVERS, SIM, SERVERS, TESTING, TESTING_ASIO, BENCH_SUPPORT, UMBRELLA, ASIO_UMBRELLA, KEYED_UMBRELLA, HTTP_UMBRELLA, STORE_UMBRELLA
)
SIBLINGS_THIRD_PARTY = ("benchmark/", "boost/asio", "gmock/", "gtest/", "rapidcheck")

STANDARD_HEADERS = frozenset(
    """
    algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts
    condition_variable coroutine deque exception execution expected filesystem flat_map flat_set format
    forward_list fstream functional future generator initializer_list iomanip ios iosfwd iostream istream
    iterator latch limits list locale map mdspan memory memory_resource mutex new numbers numeric optional
    ostream print queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span spanstream sstream stack stacktrace stdexcept stdfloat stop_token streambuf string
    string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
    cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef
    cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype
    """.split()
)


def room_of(path: str) -> tuple[str, Room] | None:
    """The place in the table that a file belongs to, such as `cutwater/policy/retry`, and its row."""
    folders = path.split("/")[:-1]
    places = [path, *("/".join(folders[:depth]) for depth in range(len(folders), 1, -1))]
    for place in places:
        for room in ROOMS:
            is_folder = place != path  # which is what ends in `*` is for
            if same_kind(place, room.place) and (is_folder or "*" not in room.place):
                return place, room
    return None


def same_kind(place: str, pattern: str) -> bool:
    return place.count("/") == pattern.count("/") and fnmatchcase(place, pattern)


def matches(place: str, patterns: Iterable[str]) -> bool:
    return any(same_kind(place, pattern) for pattern in patterns)


def target_of(place: str) -> str:
    """The name of a room's CMake target: `cutwater/policy/retry` is retry, `cutwater/drive/sync` drive_sync."""
    return place.removeprefix("cutwater/").removeprefix("policy/").replace("/", "_")
