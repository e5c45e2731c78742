"""A promise broken on purpose: which lines change, and which tests are to find it."""

from dataclasses import dataclass
from pathlib import Path


class CodeChanged(Exception):
    """The code that a breakage wants to change is not there any more: the breakage has to be written anew."""


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A text that stands in the file exactly once, and what stands there afterwards."""

    file: str
    old: str
    new: str

    def applied(self, tree: Path) -> str:
        """The file's text with the change.

        :raises CodeChanged: the old text is not there exactly once
        """
        text = (tree / self.file).read_text(encoding="utf-8")
        if (times := text.count(self.old)) != 1:
            raise CodeChanged(f"{self.file} has this {times} times, not once:\n{self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Breakage:
    """`promise` is its number in the page's list; `tests` are arguments for pytest; `storm`: one is to find it too."""

    name: str
    promise: int
    changes: tuple[SourceChange, ...]
    tests: tuple[str, ...]
    storm: bool = False

    def apply(self, tree: Path) -> None:
        """Break this tree. Raises `CodeChanged`."""
        for change in self.changes:
            (tree / change.file).write_text(change.applied(tree), encoding="utf-8")
