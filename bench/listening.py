"""`python -m bench.listening`: what the second ear costs: a text, its process, and the path of the events."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, create_engine, text

from bench.detection import MICROSECONDS, USUAL, fastest
from bench.mix import mixed
from bench.rows import received_events
from config.contacts import load_contacts
from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import Settings
from models.migrations import upgrade
from rules.detection import detect
from services.database.engine import driver_url
from services.escalation.process_batch import process
from services.installation import Installation
from services.listening.ear import HeardText, SecondEar
from worker.embedded import EmbeddedPostgres
from worker.embedded.paths import temporary_folder

MILLISECONDS = 1e3
BATCH, BATCHES = 500, 40


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
    """With and without the second ear: processor time of rules and transactions, ours and PostgreSQL's.

    Batches of both take turns, and the median counts: so it tells them apart on a busy machine too.
    """
    urls = {"database_url": "postgresql://unused", "redis_url": "redis://unused", "support_email": ["a@example.com"]}
    settings = Settings.model_validate(urls)
    policy = load_policy(settings.policy_file)
    made = {
        on: Installation(replace(policy, second_ear=on), load_contacts(settings.contacts_file), settings)
        for on in (True, False)
    }
    spent: dict[bool, list[float]] = {True: [], False: []}
    engine = create_engine(driver_url(postgres.url_of("postgres")))
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        for number in range(BATCHES):
            for on in (True, False) if number % 2 else (False, True):
                lines = mixed(BATCH, seed=number, name=f"{on}-{number}")
                start = processor_seconds(backend)
                work(connection, lines, made[on])
                spent[on].append((processor_seconds(backend) - start) / BATCH * MICROSECONDS)
    engine.dispose()
    return {on: median(taken) for on, taken in spent.items()}


def processor_seconds(backend: int) -> float:
    """Of this process and of PostgreSQL's that serves it (proc(5), "schedstat")."""
    nanoseconds = int(Path(f"/proc/{backend}/schedstat").read_text(encoding="ascii").split()[0])
    return time.process_time() + nanoseconds / 1e9


def work(connection: Connection, lines: list[str], installation: Installation) -> None:
    """One batch, as a worker does it: read, ask the rules, one transaction."""
    process(connection, received_events(lines, installation.policy, installation.lexicon), [], installation)
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
