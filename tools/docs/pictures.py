"""The pictures of traces: `traces/x.csv` beside a test is drawn as `traces/x.svg`, by gnuplot.

A column's name ends with its unit in brackets; columns of one unit share a panel, one panel above the other.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

COLUMN = re.compile(r"^(?P<name>.+) \[(?P<unit>[^\]]+)\]$")
COLOURS = ("#0060a8", "#d07000", "#2e8b57", "#a02060", "#606060", "#7048b0")
WIDTH, PANEL, MARGIN = 760, 170, 56


class Problem(Exception):
    """Something that only an author can mend."""


def wanted(root: Path) -> dict[str, str]:
    """Every picture with what it should hold."""
    found = sorted([*root.glob("apps/**/traces/*.csv"), *root.glob("cutwater/**/traces/*.csv")])
    return {str(trace.with_suffix(".svg").relative_to(root)): drawn(trace) for trace in found}


def panels_of(trace: Path) -> dict[str, list[tuple[int, str]]]:
    """By unit, the number and name of each column; the first column is the time."""
    with trace.open() as lines:
        _, *columns = lines.readline().rstrip("\n").split(",")
    panels: dict[str, list[tuple[int, str]]] = {}
    for number, column in enumerate(columns, start=2):
        named = COLUMN.match(column)
        if not named:
            raise Problem(f'{trace}: the column "{column}" has no unit; write "{column} [unit]"')
        panels.setdefault(named["unit"], []).append((number, named["name"]))
    return panels


def script(trace: Path) -> Iterator[str]:
    """What gnuplot is told."""
    panels = panels_of(trace)
    height = PANEL * len(panels) + MARGIN
    yield f"set terminal svg noenhanced size {WIDTH},{height} font 'sans-serif,12' background '#ffffff' name 'trace'"
    yield "set datafile separator ','"
    yield "set grid ytics lc '#dddddd' lt 1"
    yield "set border 3 lc '#888888'; set tics nomirror textcolor '#333333'"
    yield "set key outside right top samplen 1.5 spacing 1.1 textcolor '#333333'"
    yield f"set multiplot layout {len(panels)},1 margins 0.10,0.80,{MARGIN / height:.4f},0.97 spacing 0.06"
    yield "set yrange [0:*]; set offsets 0,0,graph 0.08,0"
    colour = 0
    for panel, (unit, columns) in enumerate(panels.items()):
        last = panel == len(panels) - 1
        yield "set xlabel 'seconds' offset 0,0.3 textcolor '#333333'" if last else "unset xlabel; set format x ''"
        if last:
            yield "set format x '%g'"
        yield f"set ylabel '{unit}' offset 1.5,0 textcolor '#333333'"
        parts = []
        for number, name in columns:
            parts.append(f"'{trace}' using 1:{number} skip 1 with lines lw 1.6 lc '{COLOURS[colour % len(COLOURS)]}' title '{name}'")
            colour += 1
        yield "plot " + ", ".join(parts)
    yield "unset multiplot"


def drawn(trace: Path) -> str:
    """The picture, as gnuplot writes it."""
    told = "\n".join(script(trace)) + "\n"
    try:
        made = subprocess.run(["gnuplot"], input=told, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Problem("gnuplot is not there: ./dev setup installs it") from None
    if made.returncode != 0 or made.stderr.strip():
        raise Problem(f"{trace}: gnuplot: {made.stderr.strip()}")
    return "\n".join(line.expandtabs(2).rstrip() for line in made.stdout.strip().split("\n")) + "\n"
