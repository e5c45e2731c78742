"""What is measured, by section; each runs its rounds, ours and its peers in turn within each."""

from bench.sections import (
    composing,
    day,
    events,
    growth,
    latency,
    mails,
    memory,
    slow_server,
    starting,
    streams,
    tickets,
)
from bench.sections.effort import Run

SECTIONS: dict[str, Run] = {
    "events": events.run,
    "streams": streams.run,
    "tickets": tickets.run,
    "composing": composing.run,
    "mails": mails.run,
    "slow_server": slow_server.run,
    "latency": latency.run,
    "day": day.run,
    "growth": growth.run,
    "memory": memory.run,
    "start": starting.run,
}
