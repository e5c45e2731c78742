"""What is measured, by section; each runs its rounds, ours and its peers in turn within each."""

from bench.sections import events, latency, mails, tickets
from bench.sections.effort import Run

SECTIONS: dict[str, Run] = {
    "events": events.run,
    "tickets": tickets.run,
    "mails": mails.run,
    "latency": latency.run,
}
