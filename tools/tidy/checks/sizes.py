"""Files and functions stay under their ceilings of lines, levels and parameters."""

from collections.abc import Iterator

from finding import Finding
from functions import Function
from tree import File, Tree

RULES = ("file-length", "function-length", "nesting", "parameters")

CEILINGS = {"header": 400, "source": 400, "test": 800, "example": 120}
LINES = 60
LEVELS = 5  # the body of the function is the first, so four inside it
PARAMETERS = 5


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        kind = kind_of(file)
        if len(file.lines) > CEILINGS[kind]:
            message = f"{len(file.lines)} lines, and the ceiling of {a(kind)} is {CEILINGS[kind]}"
            yield Finding(file.path, 1, "file-length", message, "Find the second subject in it, and give it a file")
        for function in file.functions:
            yield from too_much(file, function)


def kind_of(file: File) -> str:
    if file.path.endswith("_example.cpp") or file.path.startswith("examples/"):
        return "example"
    if file.path.endswith("_test.cpp") or file.path.startswith("test/"):
        return "test"
    return "header" if file.is_header else "source"


def a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def too_much(file: File, function: Function) -> Iterator[Finding]:
    def finding(line: int, rule: str, message: str, remedy: str) -> Finding:
        return Finding(file.path, line, rule, f"`{function.name}` {message}", remedy)

    if function.length > LINES:
        message = f"is {function.length} lines long, and the ceiling is {LINES}"
        yield finding(function.line, "function-length", message, "Give its parts names, as functions of their own")
    if function.body and function.body.depth > LEVELS:
        message = f"nests {function.body.depth} levels deep, and the ceiling is {LEVELS}"
        yield finding(function.body.deepest_line, "nesting", message, "Return early, or name the inner block")
    if len(function.parameters) > PARAMETERS:
        message = f"takes {len(function.parameters)} parameters, and the ceiling is {PARAMETERS}"
        yield finding(function.line, "parameters", message, "Make a struct of those that belong together")


def stats(tree: Tree) -> Iterator[str]:
    """The distribution of sizes, a line for each kind of thing."""
    for kind in CEILINGS:
        yield row(kind, [(len(file.lines), file.path) for file in tree.cpp if kind_of(file) == kind])
    found = ((file, function) for file in tree.cpp for function in file.functions if function.body)
    yield row("function", [(function.length, f"{file.path}:{function.line}") for file, function in found])


def row(kind: str, sized: list[tuple[int, str]]) -> str:
    if not sized:
        return f"{kind:<9} none"
    sized.sort()
    median, ninth = (sized[len(sized) * tenths // 10][0] for tenths in (5, 9))
    longest, where = sized[-1]
    return f"{kind:<9} {len(sized):>5}   median {median:>4}   p90 {ninth:>4}   longest {longest:>4} {where}"
