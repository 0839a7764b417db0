"""C++ code cut into tokens, with every bracket knowing its partner."""

import re

from lines import Lines

TOKEN = re.compile(
    r"""[A-Za-z_]\w*|\d(?:'\w|[\w.])*|"[^"]*"|'[^']*'"""
    r"""|::|->\*?|\.\.\.|<=>|[-+*/%^&|<>=!]=|&&|\|\||[^\s\w]"""
)
DIRECTIVE = re.compile(r"^[ \t]*\#[ \t]*(\w*)(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
CLOSES = {")": "(", "]": "[", "}": "{"}
OPENERS = frozenset(CLOSES.values())


class Tokens:
    """`partner` leads from each bracket to the one that it belongs to, both ways."""

    def __init__(self, code: str) -> None:
        code = without_directives(code)
        matches = list(TOKEN.finditer(code))
        self.text = [match.group() for match in matches]
        self.starts = [match.start() for match in matches]
        self.partner = partners(self.text)
        self._lines = Lines(code)

    def __len__(self) -> int:
        return len(self.text)

    def line(self, at: int) -> int:
        return self._lines.at(self.starts[at])

    def at(self, at: int) -> str:
        """The token there, or nothing beyond either end."""
        return self.text[at] if 0 <= at < len(self.text) else ""

    def after(self, at: int) -> int:
        """One further, or behind the whole group where a bracket opens there."""
        return self.partner[at] + 1 if self.text[at] in OPENERS and at in self.partner else at + 1

    def after_angles(self, at: int) -> int:
        """Behind the template argument list that opens there; one further where none does."""
        depth, place = 0, at
        while (token := self.at(place)) not in ("", ";", "{", "}", ")"):
            depth += (token == "<") - (token in (">", ">="))
            if depth == 0:
                return place + 1
            place = self.after(place)
        return at + 1

    def is_name(self, at: int) -> bool:
        return self.at(at).isidentifier()

    def opens_lambda(self, at: int) -> bool:
        """A `[` that follows no operand is neither a subscript nor an array's bound."""
        if self.at(at) != "[":
            return False
        before = self.at(at - 1)
        return before in ("return", "co_return", "co_await", "co_yield") or not (
            before in (")", "]", "[", ">") or self.is_name(at - 1)
        )


def partners(text: list[str]) -> dict[int, int]:
    """A bracket without a partner is left out, and so are those that it crosses."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for at, token in enumerate(text):
        if token in OPENERS:
            stack.append(at)
        elif token in CLOSES and any(text[place] == CLOSES[token] for place in stack[-3:]):
            while text[stack[-1]] != CLOSES[token]:
                stack.pop()
            opener = stack.pop()
            found[opener], found[at] = at, opener
    return found


def without_directives(code: str) -> str:
    """Preprocessor lines blanked out, and with them every #else branch whose braces do not balance."""
    spans: list[tuple[int, int]] = []
    branches: list[int | None] = []
    for match in DIRECTIVE.finditer(code):
        word = match[1]
        spans.append(match.span())
        if word.startswith("if"):
            branches.append(None)
        elif branches and (word.startswith("el") or word == "endif"):
            start = branches.pop()
            if start is not None and not balanced(code[start : match.start()]):
                spans.append((start, match.start()))
            if word != "endif":
                branches.append(match.end())
    return blanked(code, sorted(spans))


def balanced(code: str) -> bool:
    return all(code.count(opener) == code.count(closer) for closer, opener in CLOSES.items())


def blanked(code: str, spans: list[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        if end > done:
            start = max(start, done)
            pieces += [code[done:start], re.sub(r"[^\n]", " ", code[start:end])]
            done = end
    return "".join(pieces) + code[done:]
