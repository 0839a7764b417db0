"""The public API as text: every declaration that a user of the headers can name, without bodies.

Read without a compiler, by the tokens of tools/tidy: quick, and the same on every machine. What is private, in a
`detail` namespace or in an unnamed one is left out.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tidy"))

import cpp
import grammar
from tokens import Tokens

HELPERS = ("_test", "_bench", "_example", "_fuzz")
ACCESS = frozenset({"public", "protected", "private"})
KEYS = frozenset({"class", "struct", "union", "enum"})
INDENT = "    "
INTRODUCTION = "The public API, header by header. Written by ./dev docs: a change of it shows in the diff."


def text(root: Path) -> str:
    """One block for each public header."""
    blocks = []
    for header in public_headers(root):
        lines = declarations(header.read_text())
        if lines:
            blocks.append("\n".join([f"# {header.relative_to(root).as_posix()}", *lines]))
    return f"{INTRODUCTION}\n\n" + "\n\n".join(blocks) + "\n"


def public_headers(root: Path) -> list[Path]:
    found = (root / "cutwater").glob("**/*.hpp")
    return sorted(path for path in found if not path.stem.endswith(HELPERS) and "detail" not in path.parts)


def without_comments(code: str) -> str:
    """Comments become spaces; literals and offsets stay."""
    return cpp.LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m.group()) if m.group()[0] == "/" else m.group(), code)


def declarations(header: str) -> list[str]:
    reader = _Reader(header)
    reader.scope(0, len(reader.tokens), Scope(depth=0))
    return reader.lines


@dataclass
class Scope:
    depth: int
    in_class: bool = False
    public: bool = True


class _Reader:
    def __init__(self, header: str) -> None:
        self.source = without_comments(header)
        self.tokens = Tokens(cpp.blank(header))
        self.lines: list[str] = []

    # --- walking ---

    def scope(self, at: int, end: int, scope: Scope) -> None:
        while at < end:
            at = self.declaration(at, end, scope)

    def declaration(self, begin: int, end: int, scope: Scope) -> int:
        """Reads one declaration and answers where the next one begins."""
        tokens = self.tokens
        if tokens.text[begin] == ";":
            return begin + 1
        if tokens.text[begin] in ACCESS and tokens.at(begin + 1) == ":":
            scope.public = tokens.text[begin] == "public"
            return begin + 2
        head = self.after_prefixes(begin)
        if tokens.at(head) in ("static_assert", "concept", "using"):
            return self.to_semicolon(begin, head, end, scope, shown=tokens.at(head) != "static_assert")
        at = head
        while at < end:
            token = tokens.text[at]
            if token == ";" or (token == "=" and tokens.at(at - 1) != "operator"):
                return self.to_semicolon(begin, at, end, scope)
            if token == "{":
                return self.braces(begin, head, at, end, scope)
            if token == ":" and grammar.declarator(tokens, head, at):  # members initialised
                self.show(scope, begin, at)
                return tokens.after(grammar.after_member_initialisers(tokens, at + 1))
            at = grammar.after_requires(tokens, at) if token == "requires" else self.after(at)
        return end

    def after(self, at: int) -> int:
        return self.tokens.after_angles(at) if self.tokens.at(at - 1) == "template" else self.tokens.after(at)

    def after_prefixes(self, at: int) -> int:
        """Behind `template <…>`, its `requires`, and attributes."""
        tokens = self.tokens
        while True:
            if tokens.at(at) == "template":
                at = grammar.after_template(tokens, at)
            elif tokens.at(at) == "requires":
                at = grammar.after_requires(tokens, at)
            elif tokens.at(at) == "[" and tokens.at(at + 1) == "[":
                at = tokens.after(at)
            else:
                return at

    def braces(self, begin: int, head: int, at: int, end: int, scope: Scope) -> int:
        tokens = self.tokens
        close = tokens.partner[at]
        words = tokens.text[head:at]
        if "namespace" in words:
            self.namespace(words, at, close, scope)
            return close + 1
        if words[0] == "enum":
            self.show(scope, begin, close + 1)
            return close + 1
        if words[0] in KEYS and not grammar.declarator(tokens, head, at):
            self.type(begin, at, close, words, scope)
            return close + 1
        if function := grammar.declarator(tokens, head, at):
            if tokens.at(function.name - 1) != "::":  # else it was declared where it belongs
                self.show(scope, begin, at)
            return close + 1
        return self.to_semicolon(begin, at, end, scope)  # a variable

    def namespace(self, words: list[str], at: int, close: int, scope: Scope) -> None:
        if words[-1] == "namespace" or "detail" in words:
            return
        inner = Scope(scope.depth + 1)
        self.emit(scope, " ".join(["namespace", "".join(words[words.index("namespace") + 1 :])]))
        before = len(self.lines)
        self.scope(at + 1, close, inner)
        if len(self.lines) == before:
            self.lines.pop()

    def type(self, begin: int, at: int, close: int, words: list[str], scope: Scope) -> None:
        if scope.public:
            self.show(scope, begin, at)
            self.scope(at + 1, close, Scope(scope.depth + 1, in_class=True, public=words[0] != "class"))

    def to_semicolon(self, begin: int, at: int, end: int, scope: Scope, shown: bool = True) -> int:
        tokens = self.tokens
        while at < end and tokens.text[at] != ";":
            at = tokens.after(at)
        if shown and not self.is_hidden(begin, at):
            self.show(scope, begin, at)
        return at + 1

    def is_hidden(self, begin: int, end: int) -> bool:
        """Only announced, or only befriended: said elsewhere, or nobody's business."""
        words = self.tokens.text[self.after_prefixes(begin) : end]
        announced = words[0] in KEYS and not {"{", "=", "("} & set(words)
        return announced or (words[0] == "friend" and "(" not in words) or words[:2] == ["using", "namespace"]

    # --- printing ---

    def show(self, scope: Scope, begin: int, end: int) -> None:
        if scope.public and begin < end:
            tokens = self.tokens
            last = tokens.starts[end - 1] + len(tokens.text[end - 1])
            self.emit(scope, tidied(self.source[tokens.starts[begin] : last]))

    def emit(self, scope: Scope, line: str) -> None:
        self.lines.append(INDENT * scope.depth + line)


def tidied(declaration: str) -> str:
    """One line, however the source was laid out."""
    line = re.sub(r"\s+", " ", declaration).strip()
    line = re.sub(r"([(\[]) ", r"\1", line)
    line = re.sub(r" ([)\]])", r"\1", line)
    return re.sub(r", \}", " }", line)
