"""What only ever grows, counted since the exporter started; Prometheus copes with a restart."""

from datetime import datetime

from prometheus_client import Counter, Histogram
from sqlalchemy import Connection

from services.monitoring.metrics import MetricsDelta, read_delta, settled

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Counted:
    """Counters and a histogram, fed with what happened after the last reading."""

    def __init__(self) -> None:
        self.until: datetime | None = None
        self.attempts = Counter("escalation_delivery_attempts", "Attempts by class of reply", ["class"], registry=None)
        self.decisions = Counter(
            "escalation_decisions", "Events by type and decision", ["type", "decision"], registry=None
        )
        self.tickets = Counter(
            "escalation_tickets", "Tickets opened, once for each reason", ["reason", "priority"], registry=None
        )
        self.rejected = Counter("escalation_rejected_events", "Events that were set aside", registry=None)
        self.acceptance = Histogram(
            "escalation_acceptance_seconds",
            "From the event in the stream to the mail server's acceptance",
            ["lane"],
            buckets=_SECONDS,
            registry=None,
        )
        for lane in ("urgent", "normal", "bundled"):
            self.acceptance.labels(lane)

    def read(self, connection: Connection) -> None:
        """Add what happened since the last reading; the first only notes the time."""
        until = settled(connection)
        if self.until:
            self.add(read_delta(connection, self.until, until))
        self.until = until

    def add(self, happened: MetricsDelta) -> None:
        for row in happened.attempts:
            self.attempts.labels(row["class"]).inc(row["count"])
        for row in happened.decisions:
            self.decisions.labels(row["type"], row["decision"]).inc(row["count"])
        for row in happened.tickets:
            self.tickets.labels(row["reason"], row["priority"]).inc(row["count"])
        for row in happened.accepted:
            self.acceptance.labels(row["lane"]).observe(max(0.0, row["seconds"]))
        self.rejected.inc(happened.rejected)

    @property
    def metrics(self) -> list[Counter | Histogram]:
        return [self.attempts, self.decisions, self.tickets, self.rejected, self.acceptance]
