from tests.support import CheckCase

CORE = "#pragma once\n#include <chrono>\n"
RETRY = '#pragma once\n#include <chrono>\n\n#include "cutwater/core/error.hpp"\n'
PROJECT = {
    "cutwater/core/error.hpp": CORE,
    "cutwater/core/CMakeLists.txt": "cutwater_room(core)\n",
    "cutwater/policy/retry/kernel.hpp": RETRY,
    "cutwater/policy/retry/CMakeLists.txt": "cutwater_room(retry DEPENDS core)\n",
    "cutwater/policy/hedge/kernel.hpp": RETRY,
    "cutwater/pipeline/pipeline.hpp": RETRY,
    "cutwater/drive/sync/run.hpp": '#pragma once\n#include "cutwater/pipeline/pipeline.hpp"\n',
    "cutwater/drive/asio/run.hpp": "#pragma once\n#include <boost/asio/awaitable.hpp>\n",
    "cutwater/cutwater.hpp": '#include "cutwater/policy/retry/kernel.hpp"\n#include "cutwater/drive/sync/run.hpp"\n',
    "cutwater/asio.hpp": '#include "cutwater/cutwater.hpp"\n#include "cutwater/drive/asio/run.hpp"\n',
    "apps/cutwater/main.cpp": '#include <CLI/CLI.hpp>\n#include "cutwater/asio.hpp"\n',
}


class Includes(CheckCase):
    check = "graph"

    def test_a_project_that_keeps_the_rules(self) -> None:
        self.passes(PROJECT)

    def test_own_headers_are_quoted_and_rooted(self) -> None:
        self.finds(
            PROJECT | {"test/a_test.cpp": '#include <cutwater/core/error.hpp>\n#include "error.hpp"\n'},
            "include test/a_test.cpp:1",
            "include test/a_test.cpp:2",
            remedy='Write #include "cutwater/core/error.hpp"',
        )

    def test_an_included_file_exists(self) -> None:
        source = '#include "cutwater/core/gone.hpp"\n'
        self.finds(PROJECT | {"test/a_test.cpp": source}, "include-missing test/a_test.cpp:1", remedy="add the file")

    def test_a_configured_header_exists_as_its_template(self) -> None:
        template = {"cutwater/core/version.hpp.in": "", "test/a_test.cpp": '#include "cutwater/core/version.hpp"\n'}
        self.passes(PROJECT | template)

    def test_includes_in_comments_and_literals_are_none(self) -> None:
        source = '// \n/*\n#include "gone.hpp"\n*/\nauto text = R"(\n#include "gone.hpp"\n)";\n'
        self.passes(PROJECT | {"test/a_test.cpp": source})

    def test_cycles(self) -> None:
        self.finds(
            {
                "test/a.hpp": '#pragma once\n#include "test/b.hpp"\n',
                "test/b.hpp": '#include "test/c.hpp"\n#include "test/a.hpp"\n',
                "test/c.hpp": "",
                "test/own.hpp": '#include "test/own.hpp"\n',
            },
            "include-cycle test/a.hpp:2",
            "include-cycle test/own.hpp:1",
            message="test/a.hpp -> test/b.hpp -> test/a.hpp",
            remedy="a header of its own",
        )


class Borders(CheckCase):
    check = "graph"

    def refuses(self, path: str, include: str, rule: str, remedy: str = "") -> None:
        text = f"#pragma once\n#include {include}\n"
        self.finds(PROJECT | {path: text}, f"{rule} {path}:2", remedy=remedy)

    def test_a_policy_looks_into_no_other(self) -> None:
        path, other = "cutwater/policy/hedge/hedge.hpp", '"cutwater/policy/retry/kernel.hpp"'
        self.refuses(path, other, "border", "may include cutwater/core, cutwater/estimate, cutwater/policy/hedge, cutwater/queue;")

    def test_core_looks_nowhere(self) -> None:
        self.refuses("cutwater/core/run.hpp", '"cutwater/pipeline/pipeline.hpp"', "border")

    def test_the_pipeline_names_no_policy(self) -> None:
        self.refuses("cutwater/pipeline/any.hpp", '"cutwater/policy/retry/kernel.hpp"', "border")

    def test_the_drivers_do_not_meet(self) -> None:
        self.refuses("cutwater/drive/asio/other.hpp", '"cutwater/drive/sync/run.hpp"', "border")
        self.refuses("cutwater/drive/sync/other.hpp", '"cutwater/drive/asio/run.hpp"', "border")

    def test_the_library_includes_no_program(self) -> None:
        files = PROJECT | {"apps/cutwater/a.hpp": ""}
        source = {"cutwater/core/error.cpp": '#include "apps/cutwater/a.hpp"\n'}
        self.finds(files | source, "border cutwater/core/error.cpp:1")

    def test_the_blocking_umbrella_leaves_asio_out(self) -> None:
        umbrella = {"cutwater/cutwater.hpp": '#include "cutwater/drive/asio/run.hpp"\n'}
        self.finds(PROJECT | umbrella, "border cutwater/cutwater.hpp:1")

    def test_third_party(self) -> None:
        self.refuses("cutwater/core/log.hpp", "<fmt/format.h>", "third-party", "the standard library, <cxxabi.h")
        self.refuses("cutwater/drive/sync/io.hpp", "<unistd.h>", "third-party")
        self.refuses("cutwater/drive/asio/http.hpp", "<boost/beast.hpp>", "third-party", "<boost/asio...>")

    def test_siblings_look_further(self) -> None:
        includes = ["<gtest/gtest.h>", "<rapidcheck.h>", '"cutwater/asio.hpp"', '"cutwater/drive/sync/run.hpp"']
        text = "".join(f"#include {include}\n" for include in includes)
        self.passes(PROJECT | {"cutwater/policy/hedge/kernel_test.cpp": text})

    def test_but_a_test_does_not_look_into_another_policy(self) -> None:
        path, text = "cutwater/policy/hedge/kernel_test.cpp", '#include "cutwater/policy/retry/kernel.hpp"\n'
        self.finds(PROJECT | {path: text}, f"border {path}:1")

    def test_an_example_sees_all_that_is_public(self) -> None:
        path = "cutwater/policy/hedge/hedge_example.cpp"
        self.passes(PROJECT | {path: '#include <fmt/core.h>\n#include "cutwater/policy/retry/kernel.hpp"\n'})
        self.finds(PROJECT | {"test/a.hpp": "", path: '#include "test/a.hpp"\n'}, f"border {path}:1")
        hidden = {"cutwater/policy/retry/detail/sum.hpp": "", path: '#include "cutwater/policy/retry/detail/sum.hpp"\n'}
        self.finds(PROJECT | hidden, f"border {path}:1")

    def test_a_folder_without_a_row(self) -> None:
        files = PROJECT | {"cutwater/magic/a.hpp": "", "cutwater/magic/b.hpp": ""}
        self.finds(files, "unknown-room cutwater/magic/a.hpp:1", remedy="Add it to the table")
        files = PROJECT | {"cutwater/version.hpp": ""}
        self.finds(files, "unknown-room cutwater/version.hpp:1", message="cutwater/version.hpp is no room")

    def test_a_reason_excuses(self) -> None:
        text = '#include "cutwater/pipeline/pipeline.hpp"  // tidy: allow border because it is shown here\n'
        self.passes(PROJECT | {"cutwater/core/odd.hpp": text})


class Targets(CheckCase):
    check = "graph"
    lists = "cutwater/policy/retry/CMakeLists.txt"

    def test_a_call_over_many_lines(self) -> None:
        text = "# cutwater_room(other)\ncutwater_room(retry\n  DEPENDS core # and no more\n  PUBLIC_LINK fmt::fmt)\n"
        self.passes(PROJECT | {self.lists: text})

    def test_the_target_is_named_after_the_folder(self) -> None:
        files = PROJECT | {self.lists: "cutwater_room(again DEPENDS core)\n"}
        self.finds(files, f"target {self.lists}:1", remedy="cutwater_room(retry ...)")
        self.finds(PROJECT | {self.lists: "add_library(retry)\n"}, f"target {self.lists}:1", message="makes none")
        self.finds(PROJECT | {self.lists: "\ncutwater_room()\n"}, f"target {self.lists}:2", message="without a name")

    def test_what_is_missing(self) -> None:
        files = PROJECT | {self.lists: "\ncutwater_room(retry TEST_DEPENDS core)\n"}
        self.finds(files, f"depends {self.lists}:2", remedy="Add core to DEPENDS")

    def test_what_is_superfluous(self) -> None:
        files = PROJECT | {self.lists: "cutwater_room(retry\n  DEPENDS\n    core\n    pipeline)\n"}
        self.finds(files, f"depends {self.lists}:4", remedy="Remove pipeline from DEPENDS")

    def test_what_only_a_test_includes_is_no_dependency(self) -> None:
        lists = {"cutwater/drive/sync/CMakeLists.txt": "cutwater_room(drive_sync DEPENDS pipeline)\n"}
        self.passes(PROJECT | lists | {"cutwater/drive/sync/a_test.cpp": '#include "cutwater/core/error.hpp"\n'})

    def test_deeper_rooms_keep_their_whole_name(self) -> None:
        lists = {"cutwater/drive/sync/CMakeLists.txt": "cutwater_room(drive_sync DEPENDS pipeline)\n"}
        self.passes(PROJECT | lists)
