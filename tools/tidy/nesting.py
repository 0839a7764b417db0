"""How deep the blocks of a function nest: braces of initialisers, classes and requirements do not count."""

from tokens import OPENERS, Tokens

BEFORE_BLOCK = frozenset({"else", "do", "try", "mutable", "noexcept"})
# Between the arrow and the brace of `[] (…) -> type {` stand only these and names.
IN_TYPE = frozenset({"::", "<", ">", ",", "*", "&", "&&", "..."})


def deepest(tokens: Tokens, body: int) -> tuple[int, int]:
    """The greatest depth of blocks in a function body, itself the first, and the line where it opens."""
    depth, line = 0, tokens.line(body)
    blocks: list[bool] = []
    for at in range(body, tokens.partner[body]):
        if at not in tokens.partner:
            continue
        if tokens.text[at] in OPENERS:
            blocks.append(at == body or opens_block(tokens, at, blocks[-1]))
            if sum(blocks) > depth:
                depth, line = sum(blocks), tokens.line(at)
        else:
            blocks.pop()
    return depth, line


def opens_block(tokens: Tokens, at: int, in_block: bool) -> bool:
    if tokens.text[at] != "{":
        return False
    at = before_attributes(tokens, at)
    before = tokens.at(at - 1)
    if before == ")":
        opener = tokens.partner.get(at - 1, 0)
        return tokens.at(opener - 1) not in ("requires", "decltype") or returns_type(tokens, at - 1)
    if before == "]":
        return tokens.opens_lambda(tokens.partner.get(at - 1, 0))
    if before in (";", "{", "}", ":"):
        return in_block
    return before in BEFORE_BLOCK or returns_type(tokens, at - 1)


def before_attributes(tokens: Tokens, at: int) -> int:
    """Before `[[likely]]` and its like, where they stand before a brace."""
    while tokens.at(at - 1) == tokens.at(at - 2) == "]":
        at = tokens.partner.get(at - 1, 0)
    return at


def returns_type(tokens: Tokens, at: int) -> bool:
    """Whether the tokens that end here are a trailing return type."""
    while tokens.is_name(at) or tokens.at(at) in IN_TYPE or tokens.at(at) == ")":
        at = tokens.partner.get(at, at) - 1
    return tokens.at(at) == "->" and (tokens.at(at - 1) in (")", "]") or tokens.at(at - 1) in BEFORE_BLOCK)
