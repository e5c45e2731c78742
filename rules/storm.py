"""Storms: many tickets of one cause within minutes. The first are mailed one by one, the others together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rules.policy import Policy
from rules.reasons import Priority, rank

# What tickets can have in common, the likeliest cause first.
_CAUSES = ("model", "category", "organisation")
# Urgent tickets and danger are never bundled.
_LEAST_RANK = rank(Priority.HIGH, safety=False)


def may_be_bundled(place: int, causes: Mapping[str, str]) -> bool:
    """Whether a ticket of this rank waits for a digest in a storm."""
    return place >= _LEAST_RANK and bool(causes)


def select_bundled(
    tickets: Sequence[tuple[str, Mapping[str, str]]], recent: Mapping[tuple[str, str], int], policy: Policy
) -> set[str]:
    """Those of some new tickets, in their order, with which a storm has begun or goes on.

    :param tickets: ids and causes of tickets that may be bundled
    :param recent: how many tickets had each cause within the policy's minutes before
    """
    if not policy.storm_tickets:
        return set()
    counts, bundled = Counter(recent), set()
    for ticket_id, causes in tickets:
        if any(counts[cause] >= policy.storm_tickets for cause in causes.items()):
            bundled.add(ticket_id)
        counts.update(causes.items())
    return bundled


def find_likely_cause(tickets: Iterable[Mapping[str, str]]) -> tuple[str, str, int] | None:
    """What most of the tickets share, its value and how many; of several the likeliest, None when nothing is shared."""
    counts = Counter(cause for causes in tickets for cause in causes.items())
    if not counts:
        return None
    (kind, value), count = max(counts.items(), key=lambda item: (item[1], -_CAUSES.index(item[0][0]), item[0][1]))
    return (kind, value, count) if count > 1 else None
