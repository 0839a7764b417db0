"""Where the pieces of a C++ declaration begin and end.

Each function takes the place of a token and answers a place further on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tokens import Tokens

MACRO = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*|[A-Z][A-Z0-9]+")
QUALIFIERS = frozenset({"const", "final", "mutable", "noexcept", "override", "requires", "try", "volatile"})
# Words that stand before a parenthesis and name no function.
NOT_NAMES = frozenset(
    "alignas auto bool catch char const decltype double explicit float int long noexcept requires "
    "short signed sizeof static_assert throw typeof unsigned void __attribute__ __declspec".split()
)


@dataclass(frozen=True)
class Declarator:
    name: int
    opens: int  # the parenthesis of the parameters


@dataclass(frozen=True)
class Parameter:
    tokens: tuple[str, ...]
    line: int


def after_macros(tokens: Tokens, at: int) -> int:
    """Behind macros that only decorate what follows, such as `EXPORTED(x)` alone on its line."""
    while MACRO.fullmatch(tokens.at(at)):
        called = tokens.at(at + 1) == "("
        behind = tokens.after(at + 1) if called else at + 1
        decorates = tokens.is_name(behind) and tokens.text[behind] not in QUALIFIERS
        if not decorates or not (called or "_" in tokens.text[at]):
            return at
        at = behind
    return at


def after_template(tokens: Tokens, at: int) -> int:
    """Behind `template <…>`, or the bare word."""
    return tokens.after_angles(at + 1) if tokens.at(at + 1) == "<" else at + 1


def after_requires(tokens: Tokens, at: int) -> int:
    """Behind a clause such as `requires a<T> && (b) && requires(T t) { … }`."""
    while True:
        at = _after_constraint(tokens, at + 1)
        if tokens.at(at) not in ("&&", "||"):
            return at


def _after_constraint(tokens: Tokens, at: int) -> int:
    if tokens.at(at) == "requires":
        at = tokens.after(at + 1) if tokens.at(at + 1) == "(" else at + 1
    if tokens.at(at) in ("(", "{"):
        return tokens.after(at)
    at += tokens.at(at) in ("::", "!")
    while tokens.is_name(at):
        at += 1
        if tokens.at(at) == "<":
            at = tokens.after_angles(at)
        if tokens.at(at) != "::":
            break
        at += 1
    return at


def after_member_initialisers(tokens: Tokens, at: int) -> int:
    """At the body of a constructor whose list of initialisers begins here."""
    while at < len(tokens):
        while tokens.at(at) not in ("(", "{", ";", ""):
            at = tokens.after_angles(at) if tokens.at(at) == "<" else at + 1
        at = tokens.after(at) if tokens.at(at) else at
        at += tokens.at(at) == "..."
        if tokens.at(at) != ",":
            break
        at += 1
    return at


def lambda_body(tokens: Tokens, at: int) -> int | None:
    """The brace that opens the body of the lambda whose captures begin here."""
    at = tokens.after(at)
    while (token := tokens.at(at)) not in ("", ";", ",", ")", "]", "}"):
        if token == "{":
            return at if at in tokens.partner else None
        at = tokens.after_angles(at) if token == "<" else tokens.after(at)
    return None


def declarator(tokens: Tokens, head: int, end: int) -> Declarator | None:
    """The name and the parameters of the function declared in [head, end), where one is."""
    at, name = head, None
    while at < end:
        token = tokens.text[at]
        if token == "operator":
            return _with_parameters(tokens, at, _operator_parameters(tokens, at))
        if token == "(" and name is not None and tokens.text[name] not in NOT_NAMES:
            return _with_parameters(tokens, name, at)
        if token == "<" and name is not None:
            at = tokens.after_angles(at)
        else:
            name, at = (at if tokens.is_name(at) else None), tokens.after(at)
    return None


def _with_parameters(tokens: Tokens, name: int, opens: int) -> Declarator | None:
    return Declarator(name, opens) if opens in tokens.partner else None


def _operator_parameters(tokens: Tokens, at: int) -> int:
    at += 3 if tokens.at(at + 1) == "(" and tokens.at(at + 2) == ")" else 1
    while tokens.at(at) not in ("(", ""):
        at += 1
    return at


def parameters(tokens: Tokens, opens: int) -> Iterator[Parameter]:
    end = tokens.partner[opens]
    begin = at = opens + 1
    while at < end:
        if tokens.text[at] == ",":
            yield Parameter(tuple(tokens.text[begin:at]), tokens.line(begin))
            begin = at = at + 1
        else:
            at = tokens.after_angles(at) if tokens.text[at] == "<" else tokens.after(at)
    if tokens.text[begin:end] not in ([], ["void"]):
        yield Parameter(tuple(tokens.text[begin:end]), tokens.line(begin))
