"""The table of distances: how much of what this machine gives at most, without us, is reached with all that we do."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.results import Results

HEAD = """What one client does a second that does nothing but the least that has to be done, and how much of that is
reached with all else that we do, on cores that servers, workers and publishers share."""


@dataclass(frozen=True, slots=True)
class Distance:
    """`figures` reads what is reached and the limit, in the words' unit; the share is how much of the limit that is."""

    words: str
    limit: str
    sections: tuple[str, ...]
    figures: Callable[[Results], tuple[float, float]]
    most: bool = True

    def row(self, results: Results) -> str:
        reached, limit = self.figures(results)
        share = reached / limit if self.most else limit / reached
        return f"| {self.words} | {told(reached)} | {self.limit} | {told(limit)} | {share:.0%} |"


def told(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


def speeds(section: str, ours: str, limit: str) -> Callable[[Results], tuple[float, float]]:
    return lambda results: (results[section].median(ours), results[section].median(limit))


def milliseconds(name: str, limit: str) -> Callable[[Results], tuple[float, float]]:
    """Medians."""
    return lambda results: (
        results["latency"].percentile(name, 50) * 1000,
        results["latency"].percentile(limit, 50) * 1000,
    )


INSERT = "multi-row INSERT of the same rows"
SMTPLIB = "smtplib over one connection, no records"
SERVER = "what the mail server takes"
DISTANCES = (
    Distance("events a second, one worker", INSERT, ("events",), speeds("events", "ours_1", "insert")),
    Distance("events a second, two workers", INSERT, ("events",), speeds("events", "ours_2", "insert")),
    Distance("mails a second, one process", SMTPLIB, ("mails",), speeds("mails", "ours_1 plain", "smtplib plain")),
    Distance("the same over STARTTLS", SMTPLIB, ("mails",), speeds("mails", "ours_1 tls", "smtplib tls")),
    Distance("mails a second, two processes", SERVER, ("mails",), speeds("mails", "ours_2 plain", "sink plain")),
    Distance("the same over STARTTLS", SERVER, ("mails",), speeds("mails", "ours_2 tls", "sink tls")),
    Distance("milliseconds to an accepted mail at 10 a second, p50",
             "XADD, one transaction with the same rows, one SMTP conversation", ("latency",),
             milliseconds("mail 10", "bare 10"), most=False),
    Distance("events a second of a day's mix, mails within 2 s", INSERT, ("day", "events"),
             lambda results: (results["day"].median("held"), results["events"].median("insert"))),
)  # fmt: skip


def limit_table(results: Results) -> str:
    """Of everything whose sections were measured."""
    rows = [distance.row(results) for distance in DISTANCES if all(section in results for section in distance.sections)]
    lines = ["| what | measured | limit | measured | reached |", "|---|---|---|---|---|", *rows]
    return f"{HEAD}\n\n" + "\n".join(lines) if rows else ""
