"""The functions of a C++ text, found without a compiler: names, parameters, bodies, and who may call them.

Only namespaces and classes are searched: what stands in the body of a function belongs to that function.
"""

from dataclasses import dataclass

import grammar
from grammar import Declarator, Parameter
from nesting import deepest
from tokens import Tokens

ACCESS = frozenset({"public", "protected", "private"})
CLASS_KEYS = frozenset({"class", "struct", "union"})
BEFORE_KEY = frozenset({"[", "const", "constexpr", "export", "extern", "friend", "inline", "static", "typedef"})


@dataclass(frozen=True)
class Body:
    last_line: int
    depth: int
    deepest_line: int


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    parameters: tuple[Parameter, ...] = ()
    public: bool = False  # neither private nor protected, nor in a detail or unnamed namespace
    qualified: bool = False  # defined outside of the class or namespace that it was declared in
    body: Body | None = None

    @property
    def length(self) -> int:
        return self.body.last_line - self.line + 1 if self.body else 0


@dataclass
class Scope:
    in_class: bool
    visible: bool  # the scope itself can be named from outside
    access: bool = True  # and so can what is declared in it next


def find(code: str) -> list[Function]:
    """The functions declared or defined in blanked code, in order."""
    parser = _Parser(Tokens(code))
    parser.scope(0, len(parser.tokens), Scope(in_class=False, visible=True))
    return parser.found


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.found: list[Function] = []

    def scope(self, at: int, end: int, scope: Scope) -> None:
        while at < end:
            at = self.declaration(at, end, scope)

    def declaration(self, head: int, end: int, scope: Scope) -> int:
        """Reads one declaration and answers where the next one begins."""
        tokens = self.tokens
        head = at = grammar.after_macros(tokens, head)
        while at < end:
            token = tokens.text[at]
            if token == ";":
                self.declared(head, at, scope)
                return at + 1
            if token == "{":
                return self.braces(head, at, scope)
            if token == "=" and tokens.at(at - 1) != "operator":
                self.declared(head, at, scope)
                return self.initialiser(at, end)
            if token == ":" and tokens.text[head] in ACCESS:
                scope.access = tokens.text[head] == "public"
                return at + 1
            at, leads = self.step(head, at), at == head
            head = at if leads and token in ("template", "requires") else head
        return end

    def step(self, head: int, at: int) -> int:
        """Behind the next piece of a declaration that holds no braces of its own."""
        tokens, token = self.tokens, self.tokens.text[at]
        if token == "template":
            return grammar.after_template(tokens, at)
        if token == "requires":
            return grammar.after_requires(tokens, at)
        if token == ":" and not self.class_key(head, at) and grammar.declarator(tokens, head, at):
            return grammar.after_member_initialisers(tokens, at + 1)
        return tokens.after(at)

    def braces(self, head: int, at: int, scope: Scope) -> int:
        tokens = self.tokens
        if at not in tokens.partner:
            return at + 1
        end = tokens.partner[at]
        words = tokens.text[head:at]
        if "namespace" in words:
            hidden = words[-1] == "namespace" or "detail" in words
            self.scope(at + 1, end, Scope(in_class=False, visible=scope.visible and not hidden))
        elif words[:1] == ["extern"] and len(words) == 2:
            self.scope(at + 1, end, scope)
        elif key := self.class_key(head, at):
            visible = scope.visible and scope.access
            self.scope(at + 1, end, Scope(in_class=True, visible=visible, access=key != "class"))
        elif declarator := grammar.declarator(tokens, head, at):
            self.add(head, declarator, scope, self.body(at))
        return end + 1

    def class_key(self, head: int, at: int) -> str | None:
        tokens = self.tokens
        while head < at and tokens.text[head] in BEFORE_KEY:
            head = tokens.after(head)
        return tokens.text[head] if tokens.at(head) in CLASS_KEYS else None

    def initialiser(self, at: int, end: int) -> int:
        """Behind the semicolon of a variable; a lambda that it holds counts as a function of its name."""
        tokens, name = self.tokens, self.tokens.at(at - 1)
        while at < end and tokens.text[at] != ";":
            body = grammar.lambda_body(tokens, at) if tokens.opens_lambda(at) else None
            if body is not None:
                self.found.append(Function(name, tokens.line(at), body=self.body(body)))
            at = tokens.after(at if body is None else body)
        return at + 1

    def declared(self, head: int, end: int, scope: Scope) -> None:
        declarator = grammar.declarator(self.tokens, head, end)
        if declarator and self.tokens.text[head] != "using" and not self.is_macro(head, declarator, scope):
            self.add(head, declarator, scope, None)

    def is_macro(self, head: int, declarator: Declarator, scope: Scope) -> bool:
        """Only a constructor has nothing before its name, and it is not written in capitals."""
        capitals = grammar.MACRO.fullmatch(self.tokens.text[declarator.name])
        return declarator.name == head and (not scope.in_class or capitals is not None)

    def add(self, head: int, declarator: Declarator, scope: Scope, body: Body | None) -> None:
        tokens, name = self.tokens, declarator.name
        is_macro = self.is_macro(head, declarator, scope)
        self.found.append(
            Function(
                name=(" " if tokens.is_name(name + 1) else "").join(tokens.text[name : declarator.opens]),
                line=tokens.line(name),
                parameters=() if is_macro else tuple(grammar.parameters(tokens, declarator.opens)),
                public=scope.visible and scope.access,
                qualified=tokens.at(name - 1) == "::",
                body=body,
            )
        )

    def body(self, opens: int) -> Body:
        depth, line = deepest(self.tokens, opens)
        return Body(self.tokens.line(self.tokens.partner[opens]), depth, line)
