"""Rooms include only what they may look into, and their build targets say the same."""

from collections.abc import Iterator

import cmake
import rooms
from cpp import Include
from cycles import cycles
from finding import Finding
from tree import File, Tree

RULES = ("include", "include-missing", "include-cycle", "unknown-room", "border", "third-party", "target", "depends")

ROOTS = ("cutwater/", "apps/", "bench/", "test/", "tools/", "web/")


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        for include in file.includes:
            yield from written(tree, file, include)
    yield from included_in_circles(tree)
    library = [file for file in tree.cpp if file.is_library]
    for file in library:
        yield from borders(file)
    yield from unknown_rooms(library)
    yield from targets(tree, library)


def written(tree: Tree, file: File, include: Include) -> Iterator[Finding]:
    path = include.path
    if not include.quoted:
        if path.startswith("cutwater/"):
            message = f"<{path}> is a header of this project"
            yield Finding(file.path, include.line, "include", message, f'Write #include "{path}"')
    elif not path.startswith(ROOTS):
        message = f'"{path}" does not begin at the root of the repository'
        remedy = "Write the whole path, such as \"cutwater/core/error.hpp\", or <...> for what is not this project's"
        yield Finding(file.path, include.line, "include", message, remedy)
    elif path not in tree.paths and f"{path}.in" not in tree.paths:
        message = f'"{path}" does not exist'
        yield Finding(file.path, include.line, "include-missing", message, "Correct the path, or add the file")


def included_in_circles(tree: Tree) -> Iterator[Finding]:
    edges = {file.path: {include.path: include.line for include in file.includes} for file in tree.cpp}
    for cycle in cycles({path: sorted(set(found) & edges.keys()) for path, found in edges.items()}):
        line = edges[cycle[0]][cycle[1]]
        message = "includes itself: " + " -> ".join(cycle)
        remedy = "Move what both sides need into a header of its own"
        yield Finding(cycle[0], line, "include-cycle", message, remedy)


def borders(file: File) -> Iterator[Finding]:
    located = rooms.room_of(file.path)
    if located is None:
        return
    place, room = located
    looks_into, foreign = (place, *room.looks_into), room.third_party
    if file.is_sibling:
        looks_into, foreign = looks_into + rooms.SIBLINGS_LOOK_INTO, foreign + rooms.SIBLINGS_THIRD_PARTY
    is_example = file.path.endswith("_example.cpp")
    for include in file.includes:
        if include.path.startswith(ROOTS):
            target = rooms.room_of(include.path)
            is_public = include.path.startswith("cutwater/") and "/detail/" not in include.path
            seen = rooms.matches(target[0], looks_into) if target else False
            if not seen and not (is_example and is_public):
                yield border(file, include, place, target[0] if target else include.path, looks_into)
        elif not (include.quoted or include.path in rooms.STANDARD_HEADERS or is_example):
            if not include.path.startswith(foreign):
                yield third_party(file, include, place, foreign)


def border(file: File, include: Include, place: str, target: str, looks_into: tuple[str, ...]) -> Finding:
    allowed = ", ".join(sorted({place, *looks_into}))
    message = f"{place} may not look into {target}"
    remedy = f"Here one may include {allowed}; move what both need down, or the code up (tools/tidy/rooms.py)"
    return Finding(file.path, include.line, "border", message, remedy)


def third_party(file: File, include: Include, place: str, foreign: tuple[str, ...]) -> Finding:
    allowed = ", ".join(["the standard library", *(f"<{start}...>" for start in sorted(foreign))])
    message = f"{place} may not include <{include.path}>"
    remedy = f"Here one may include {allowed}; other libraries belong to the rooms made for them (tools/tidy/rooms.py)"
    return Finding(file.path, include.line, "third-party", message, remedy)


def unknown_rooms(library: list[File]) -> Iterator[Finding]:
    strangers = [file for file in reversed(library) if rooms.room_of(file.path) is None]
    first = {file.path if file.folder == "cutwater" else file.folder: file for file in strangers}
    for place, file in first.items():
        message = f"{place} is no room that the table knows"
        yield Finding(file.path, 1, "unknown-room", message, "Add it to the table in tools/tidy/rooms.py")


def targets(tree: Tree, library: list[File]) -> Iterator[Finding]:
    used: dict[tuple[str, rooms.Room], set[str]] = {}
    for file in library:
        located = rooms.room_of(file.path)
        if located and not file.is_sibling and located[0] in tree.folders:
            found = (rooms.room_of(include.path) for include in file.includes)
            used.setdefault(located, set()).update(target[0] for target in found if target)
    for (place, room), seen in used.items():
        lists = tree.get(f"{place}/CMakeLists.txt")
        if lists:  # that one is missing is for `cast` to say
            others = {other: rooms.target_of(other) for other in seen - {place}}
            allowed = {name for other, name in others.items() if rooms.matches(other, room.looks_into)}
            yield from target(lists, rooms.target_of(place), set(others.values()), allowed)


def target(lists: File, name: str, used: set[str], allowed: set[str]) -> Iterator[Finding]:
    calls = list(cmake.calls(lists.text, "cutwater_room"))
    if [call.name for call in calls] != [name]:
        line = calls[0].line if calls else 1
        said = ", ".join(call.name or "without a name" for call in calls) or "none"
        message = f"the room's target is to be {name}, and cutwater_room makes {said}"
        yield Finding(lists.path, line, "target", message, f"Write cutwater_room({name} ...) once")
        return
    depends = {word.text: word.line for word in calls[0].list_of("DEPENDS")}
    for missing in sorted(allowed - depends.keys()):  # what is not allowed is no dependency to add
        message = f"{name} includes {missing} and does not depend on it"
        yield Finding(lists.path, calls[0].line, "depends", message, f"Add {missing} to DEPENDS")
    for superfluous in sorted(depends.keys() - used):
        message = f"{name} depends on {superfluous} and no header or source of it includes that room"
        remedy = f"Remove {superfluous} from DEPENDS; what only tests use, the tests name"
        yield Finding(lists.path, depends[superfluous], "depends", message, remedy)
