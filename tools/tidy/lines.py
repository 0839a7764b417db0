"""Line numbers in a text."""

import re
from bisect import bisect_left
from collections.abc import Iterator


class Lines:
    """Counts from 1, as editors do."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def __len__(self) -> int:
        return len(self._ends) + (not self.text.endswith("\n") and self.text != "")

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return enumerate(self.text.split("\n")[: len(self)], 1)

    def at(self, offset: int) -> int:
        """The line that an offset lies in; a newline ends its own line."""
        return bisect_left(self._ends, offset) + 1
