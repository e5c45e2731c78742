"""A flood of stream entries of which none can be used, each one different, of every kind there is."""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis import Redis

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import confidence

Fields = dict[str, bytes | str]
AT_ONCE: Final = 500
GOOD_EVERY: Final = 20
# Of the good ones every fifth opens a ticket.
TICKET_EVERY: Final = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to be useless: what makes such an entry out of a number, and words that its reason has."""

    make: Callable[[int, random.Random], Fields]
    reason: str


def document(number: int, **members: Any) -> Fields:
    good = json.loads(encode(confidence(f"flood-{number}", 0.9)))
    return {"event": json.dumps({**good, "id": str(UUID(int=number + 1)), **members})}


def raw(text: bytes) -> Fields:
    return {"event": text}


def torn(number: int, chance: random.Random) -> Fields:
    whole = str(document(number)["event"])
    return {"event": whole[: chance.randrange(60, len(whole) - 1)]}


# The members of the first event differ by the id alone.
KINDS: Final = {
    "id alone": Kind(lambda n, _: document(n, session_id="same", type="unheard-of"), "type is"),
    "no field": Kind(lambda n, _: {"evnet": f"{n}"}, "no field 'event'"),
    "many fields": Kind(lambda n, _: {f"field-{place}": f"{n}" for place in range(9)}, "no field 'event'"),
    "torn": Kind(torn, "expected one JSON object"),
    "binary": Kind(lambda n, chance: raw(b"\xff" + chance.randbytes(60) + f"{n}".encode()), "UTF-8"),
    "no object": Kind(lambda n, _: raw(f"[{n}]".encode()), "expected one JSON object"),
    "not a number": Kind(lambda n, _: document(n, extra=float("nan")), "finite numbers"),
    "deep": Kind(lambda n, _: raw(b"[" * 40 + f"{n}".encode()), "nesting"),
    "large": Kind(lambda n, _: raw(f"{n}".encode() + b" " * 270_000), "at most 262144 bytes"),
    "nul": Kind(lambda n, _: document(n, session_id=f"\0{n}"), "session_id"),
    "half a pair": Kind(lambda n, _: document(n, session_id=f"\ud83d{n}"), "session_id"),
    "later version": Kind(lambda n, _: document(n, version=2), "version"),
    "no id": Kind(lambda n, _: document(n, id=f"{n}"), "id is"),
    "from tomorrow": Kind(lambda n, _: document(n, occurred_at="2999-01-01T00:00:00Z"), "at most a day"),
    "out of range": Kind(lambda n, _: document(n, data={"confidence": n + 2}), "data.confidence"),
    "hidden nul": Kind(
        lambda n, _: {"event": f'{{"data":{{"x":"\\u0000"}},{str(document(n)["event"])[1:]}'}, "without NUL"
    ),
    "no decimals left": Kind(lambda n, _: raw(f'{{"x":1e-9{n % 10}999{n}}}'.encode()), "decimals"),
}
# Seldom, since a hundred thousand of them would fill a Redis of their own.
SELDOM: Final = {"large": 400}


def bad_entries(count: int) -> Iterator[Fields]:
    """So many entries, each different, each of them useless."""
    chance = random.Random(1)
    names = itertools.cycle(KINDS)
    for number in range(count):
        name = next(names)
        if number % SELDOM.get(name, 1):
            name = next(names)
        yield KINDS[name].make(number, chance)


def good_entry(number: int) -> Fields:
    return {"event": encode(confidence(f"good-{number}", 0.1 if number % TICKET_EVERY == 0 else 0.9))}


def publish(redis: Redis, bad: int) -> int:
    """The flood, and after every so many entries of it a good one; how many good ones went with it."""
    numbers = itertools.count()
    for part in in_parts(bad_entries(bad)):
        with redis.pipeline(transaction=False) as pipeline:
            for place, fields in enumerate(part):
                if place % GOOD_EVERY == 0:
                    pipeline.xadd(EVENTS, good_entry(next(numbers)))  # type: ignore[arg-type]
                pipeline.xadd(EVENTS, fields)  # type: ignore[arg-type]
            pipeline.execute()
    return next(numbers)


def in_parts(entries: Iterator[Fields]) -> Iterator[Sequence[Fields]]:
    while part := list(itertools.islice(entries, AT_ONCE)):
        yield part
