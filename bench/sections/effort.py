"""How much is measured, and telling of it meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bench.results import Section
from bench.stand import Stand


@dataclass(frozen=True, slots=True)
class Effort:
    """`scale` 1 is for the page; `say` shows progress."""

    rounds: int
    scale: float
    say: Callable[[str], None]

    def count(self, usual: int, least: int = 20) -> int:
        return max(least, int(usual * self.scale))

    def turns(self) -> Iterator[int]:
        yield from range(1, self.rounds + 1)


Run: TypeAlias = Callable[[Stand, Effort], Section]
Measure: TypeAlias = Callable[[Stand], float]


def in_turn(stand: Stand, effort: Effort, measures: dict[str, Measure], words: dict[str, str]) -> Section:
    """Each measure once, then each once more: what disturbs the machine for a while disturbs them all."""
    section = Section(words=words)
    for turn in effort.turns():
        for key, measure in measures.items():
            figure = measure(stand)
            section.add(key, figure)
            effort.say(f"round {turn}: {words[key]}: {figure:,.0f}/s")
    return section
