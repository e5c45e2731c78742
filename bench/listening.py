"""`python -m bench.listening`: what the second ear costs: a text, its process, and the path of the events."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, create_engine, text

from bench.detection import MICROSECONDS, USUAL, fastest
from bench.mix import mixed
from config.contacts import load_contacts
from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import Settings
from models.migrations import upgrade
from rules.decision import Examined
from rules.detection import detect
from rules.triggers import examine
from services.database.engine import driver_url
from services.escalation.process_batch import process
from services.events.decoding import Received, Rejected, read_event
from services.events.stream import StreamEntry
from services.installation import Installation
from services.listening.ear import HeardText, SecondEar
from worker.embedded import EmbeddedPostgres
from worker.embedded.paths import temporary_folder

MILLISECONDS = 1e3
EVENTS, BATCH, ROUNDS = 2_000, 500, 4


def milliseconds_a_text(ear: SecondEar) -> Iterator[tuple[str, float]]:
    """Processor time, embedding and classifier together, for messages of about 100 characters in six languages."""
    lexicon = load_lexicon()
    texts = [HeardText(text, detect(text, language, lexicon)) for language, text in USUAL.items()]
    for size in (1, 32):
        batch = [texts[place % len(texts)] for place in range(size)]
        yield f"one text, in batches of {size}", fastest(partial(ear.judge, batch), 60 // size + 1) / size


def memory_of_child(ear: SecondEar) -> tuple[int, int]:
    """Megabytes of a child that has judged, forked with the model loaded: all, and what it shares with nobody."""
    lexicon = load_lexicon()
    texts = [HeardText(text, detect(text, language, lexicon)) for language, text in USUAL.items()] * 6
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        ear.judge(texts)
        rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
        own = sizes["Private_Clean"] + sizes["Private_Dirty"]
        os.write(writing, f"{sizes['Rss'] // 1024} {own // 1024}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    told = os.read(reading, 100).split()
    return int(told[0]), int(told[1])


def microseconds_an_event(postgres: EmbeddedPostgres) -> dict[bool, float]:
    """With and without the second ear: processor time of rules and transactions, ours and PostgreSQL's; the least."""
    urls = {"database_url": "postgresql://unused", "redis_url": "redis://unused", "support_email": ["a@example.com"]}
    settings = Settings.model_validate(urls)
    policy = load_policy(settings.policy_file)
    made = [
        Installation(replace(policy, second_ear=on), load_lexicon(), load_contacts(settings.contacts_file), settings)
        for on in (True, False)
    ]
    engine = create_engine(driver_url(postgres.url_of("postgres")))
    least = {True: float("inf"), False: float("inf")}
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        for number in range(ROUNDS):
            for installation in made[:: 1 if number % 2 else -1]:
                on, start = installation.policy.second_ear, processor_seconds(backend)
                work(connection, installation, number)
                least[on] = min(least[on], (processor_seconds(backend) - start) / EVENTS * MICROSECONDS)
                connection.execute(
                    text("TRUNCATE escalation.event_inbox, escalation.sessions, escalation.texts_to_judge")
                )
                connection.commit()
    engine.dispose()
    return least


def processor_seconds(backend: int) -> float:
    """Of this process and of PostgreSQL's that serves it: also on a busy machine the same."""
    fields = Path(f"/proc/{backend}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(connection: Connection, installation: Installation, number: int) -> None:
    lines = mixed(EVENTS, name=f"{installation.policy.second_ear}-{number}")
    for start in range(0, EVENTS, BATCH):
        now = datetime.now(UTC)
        received = []
        for place, line in enumerate(lines[start : start + BATCH]):
            entry = StreamEntry(f"{int(now.timestamp() * 1000)}-{place}", line.encode(), {})
            found = read_event(entry, now)
            if isinstance(found, Rejected):
                raise AssertionError(f"the mix holds a bad event: {found.reason}")
            signals = examine(found.event, installation.policy, installation.lexicon)
            received.append(Received(entry, Examined(found.event, signals)))
        process(connection, received, [], installation)
        connection.commit()


def main() -> None:
    """Print the tables of docs/performance.md."""
    console, ear = Console(), SecondEar()
    table = Table("the second ear", "")
    for name, spent in milliseconds_a_text(ear):
        table.add_row(name, f"{spent * MILLISECONDS:.1f} ms")
    all_of_it, own = memory_of_child(ear)
    table.add_row("memory of the listening child", f"{all_of_it} MB, of which {own} MB shared with nobody")
    with temporary_folder() as folder, EmbeddedPostgres(folder / "postgres") as postgres:
        engine = create_engine(driver_url(postgres.url_of("postgres")))
        upgrade(engine)
        engine.dispose()
        taken = microseconds_an_event(postgres)
    table.add_row("an event, second ear off", f"{taken[False]:.0f} µs")
    table.add_row("an event, second ear on", f"{taken[True]:.0f} µs ({taken[True] / taken[False] - 1:+.1%})")
    console.print(table)


if __name__ == "__main__":
    main()
