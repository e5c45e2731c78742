"""How sure the assistant was over the session, as a small chart that needs neither image nor script."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.conversation import Confidence
from services.mail.i18n.presenter import Presenter
from services.ticket_details import TicketDetails

_MOST_BARS: Final = 10
_HEIGHT: Final = 48
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class _Bar:
    """One value: `height` in pixels, `block` its letter in plain text, `low` when it is below the limit."""

    words: str
    clock: str
    height: int
    block: str
    low: bool


@dataclass(frozen=True, slots=True)
class _Chart:
    """The bars in the order of their time; `limit` is the threshold in words, where one is known."""

    bars: tuple[_Bar, ...]
    limit: str

    @property
    def blocks(self) -> str:
        return "".join(bar.block for bar in self.bars)


def make_chart(details: TicketDetails, presenter: Presenter) -> _Chart | None:
    """The chart of the session's confidences; None where none was told."""
    values = details.conversation.confidences
    if not values:
        return None
    limit = _find_limit(details)
    bars = tuple(_make_bar(confidence, limit, presenter) for confidence in _thin_out(values))
    return _Chart(bars, "" if limit is None else presenter.formatter.percent(limit))


def _find_limit(details: TicketDetails) -> float | None:
    limits = [evidence.limit for evidence in details.conversation.evidence if evidence.rule == "low_confidence"]
    return next((float(limit) for limit in limits if isinstance(limit, int | float)), None)


def _make_bar(confidence: Confidence, limit: float | None, presenter: Presenter) -> _Bar:
    value = min(max(confidence.value, 0.0), 1.0)
    return _Bar(
        words=presenter.formatter.percent(value),
        clock=presenter.formatter.clock(confidence.at),
        height=max(round(value * _HEIGHT), 2),
        block=_BLOCKS[min(int(value * len(_BLOCKS)), len(_BLOCKS) - 1)],
        low=limit is not None and value < limit,
    )


def _thin_out(values: Sequence[Confidence]) -> Sequence[Confidence]:
    """At most MOST_BARS of them, evenly spread: the first, the last and the lowest are always there."""
    if len(values) <= _MOST_BARS:
        return values
    last = len(values) - 1
    lowest = min(range(len(values)), key=lambda place: values[place].value)
    places = {round(place * last / (_MOST_BARS - 2)) for place in range(_MOST_BARS - 1)}
    return [values[place] for place in sorted(places | {lowest})]
