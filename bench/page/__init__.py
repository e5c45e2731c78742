"""The page on performance, written from results alone."""

from collections.abc import Iterator

from bench.page.conditions import conditions
from bench.page.goals import goal_table
from bench.page.tables import latency_table, mail_table, speed_table
from bench.results import Results, Section

HEAD = """# Performance

Written by `make bench ARGS=--write-docs`; anyone can repeat it. Everything runs on the embedded servers of one machine,
in rounds in which ours and its peers take turns; figures are medians of the rounds. Only the ratios carry over to
another machine.
"""


def page(results: Results) -> str:
    """The whole page as Markdown."""
    return "\n".join(line for part in (HEAD, conditions(results), *parts(results)) for line in part.splitlines()) + "\n"


def parts(results: Results) -> Iterator[str]:
    yield section("Goals", goal_table(results))
    if "events" in results:
        yield section("Events", MIX, speed_table(results["events"], "events a second"))
    if "tickets" in results:
        yield section("Tickets", ORIGINAL, speed_table(results["tickets"], "tickets a second"))
    if "mails" in results:
        yield section("Mails", MAILS, mail_table(results["mails"]), sink_is_fast(results["mails"]))
    if "latency" in results:
        yield section("Latency", latency_table(results["latency"]))


def section(title: str, *paragraphs: str) -> str:
    return "\n\n".join((f"\n## {title}", *(paragraph.strip() for paragraph in paragraphs)))


def sink_is_fast(mails: Section) -> str:
    """Whether the mail server could have been what was measured."""
    shares = [
        max(mails.median(f"{key} {way}") for key in mails.words if key != "sink") / mails.median(f"sink {way}")
        for way in ("plain", "tls")
    ]
    return f"The fastest of them asks for {max(shares):.0%} of what the mail server can take."


MIX = """
From a backlog in the stream to the last commit. The mix: 40 % messages of about 120 characters in six languages, 30 %
steps, 25 % confidences, 5 % diagnoses; 5 % of the sessions escalate. Rules, detection, audit and outbox are included.
Redis writes each entry through to the disk before it confirms it (`appendfsync always`); for the bare Celery tasks it
does so once a second, its own default, which is far faster for Celery. A worker is one `celery worker` with one child,
ours and the peer's alike: what limits the peer is its main process, so its second worker is a second main process.
"""
ORIGINAL = """
With all that commits with a ticket: session, event, trigger, ticket with its number, audit rows, mail, outcome. The
original's way reads the session, counts the tickets for the number, writes ticket, status and trigger, each in a
transaction of its own, and sends one mail over a new connection, without TLS or login (`bench/original.py`).
"""
MAILS = """
Accepted by one and the same server, which takes everything at once and keeps nothing (`bench/sink.py`; an `aiosmtpd`
would be the limit itself). Ours are support mails that wait in the outbox: claimed, composed, sent, each body and each
answer on record before and after, in commits of its own. django-post_office queues mails of the same size with
`send_many` and sends them with `send_queued_mail`, 500 in a batch, five threads and connections in each process, on the
same PostgreSQL server, in an environment of its own; it records a whole batch at its end.
"""
