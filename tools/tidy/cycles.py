"""Cycles of a directed graph."""

from collections.abc import Iterator, Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def cycles(graph: Graph) -> Iterator[list[str]]:
    """One cycle for each knot: its first node in order, and a shortest way from there back to it."""
    knotted: set[str] = set()
    for node in sorted(graph):
        if node not in knotted and (way := way_back(graph, node)):
            knotted.update(way)
            yield way


def way_back(graph: Graph, start: str) -> list[str] | None:
    came_from: dict[str, str] = {}
    front = [start]
    while front:
        node = front.pop(0)
        for following in graph[node]:
            if following == start:
                return [*unwound(came_from, start, node), start]
            if following not in came_from:
                came_from[following] = node
                front.append(following)
    return None


def unwound(came_from: Mapping[str, str], start: str, node: str) -> list[str]:
    way = [node]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
