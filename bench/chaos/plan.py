"""Which faults come, in which order and for how long: all of it from the seed, nothing from the clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from bench.chaos.faults import EVENT_FAULTS, MAIL_FAULTS, Fault

SHORTEST_SECONDS = 0.2
LONGEST_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 0.8
TOGETHER = 0.5


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault, or two of different kinds at once; how long it lasts and the quiet after it, in seconds."""

    faults: tuple[Fault, ...]
    seconds: float
    pause: float
    seed: int


def blows(seed: int, event_faults: Sequence[Fault] = EVENT_FAULTS) -> Iterator[Blow]:
    """For ever; each fault comes once before any comes again."""
    random = Random(seed)
    while True:
        of_events = random.sample(event_faults, len(event_faults))
        of_mail = random.sample(MAIL_FAULTS, len(MAIL_FAULTS))
        while of_events or of_mail:
            yield Blow(
                tuple(drawn(random, of_events, of_mail)),
                random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS),
                random.uniform(0, LONGEST_PAUSE_SECONDS),
                random.randrange(2**32),
            )


def drawn(random: Random, of_events: list[Fault], of_mail: list[Fault]) -> Iterator[Fault]:
    """The next fault and, half of the time, one of the other kind with it; the mail's first, while all else works."""
    both = random.random() < TOGETHER
    from_mail = random.random() * (len(of_events) + len(of_mail)) < len(of_mail)
    if of_mail and (from_mail or both):
        yield of_mail.pop()
    if of_events and (both or not from_mail):
        yield of_events.pop()
