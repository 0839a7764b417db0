"""The checks, in the order in which --list shows them.

A check is a module with a docstring of one sentence, RULES (what its findings are called), and `check(tree)`.
"""

from checks import banned, cast, clean, dead, docs, graph, headers, names, sizes

ALL = {
    module.__name__.rpartition(".")[2]: module
    for module in (graph, banned, sizes, cast, names, docs, dead, clean, headers)
}
