"""The demo from beginning to end: stack, sessions, checks, table, page."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import Connection, create_engine

from demo.checks import missing
from demo.player import Played, hear_out, play
from demo.recording import Recording, load_recordings
from demo.report import write_report
from demo.results import read_mails
from demo.stack import RunningStack, start_stack
from escalation_client import Publisher
from services.database.engine import driver_url
from services.installation import has_second_ear

Problems = list[tuple[str, str]]


def run(folder: Path, sessions: Path, *, keep: bool, fresh: bool, console: Console) -> bool:
    """Play the recorded sessions and say whether everything came out as it should.

    :raises demo.recording.BrokenRecording: a recorded session cannot be played
    :raises demo.stack.StackFailed: the stack did not start, or ended
    """
    # Without the wheels of the second ear nobody is asked anything.
    recordings = [each for each in load_recordings(sessions) if not each.questions or has_second_ear()]
    with running_stack(folder, keep=keep, fresh=fresh, console=console) as stack, database(stack) as connection:
        played = _play_all(recordings, uuid4(), stack, connection, console)
        mails = read_mails(stack.mail_dir)
        problems = problems_of(played, mails)
        headline = _headline_of(played, problems)
        page = folder / "index.html"
        write_report(page, played, connection, mails, headline)
    show(played, problems, console)
    console.print(f"Tickets, mails and time lines: {page}", soft_wrap=True, highlight=False)
    if keep:
        _tell_where(stack, console)
    print(headline, flush=True)
    return not problems


@contextmanager
def running_stack(folder: Path, *, keep: bool, fresh: bool, console: Console) -> Iterator[RunningStack]:
    with console.status("Starting PostgreSQL, Valkey, a mail server and the workers") as status:
        stack = start_stack(folder, fresh=fresh, said=lambda line: status.update(line or status.status))
    try:
        yield stack
    except BaseException:
        stack.stop()
        raise
    if not keep:
        stack.stop()


def _tell_where(stack: RunningStack, console: Console) -> None:
    console.print(f"The stack goes on; stop it with: kill {stack.process.pid}")
    for name in ("inbox_url", "flower_url", "database_url", "redis_url"):
        console.print(f"  {name}: {stack.places[name]}", soft_wrap=True, highlight=False)


@contextmanager
def database(stack: RunningStack) -> Iterator[Connection]:
    engine = create_engine(driver_url(stack.database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _play_all(
    recordings: Sequence[Recording], run: UUID, stack: RunningStack, connection: Connection, console: Console
) -> list[Played]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress, Publisher(stack.redis_url) as publisher:
        task = progress.add_task("Playing sessions", total=len(recordings))
        played = []
        for session in play(recordings, run, publisher, connection, stack.check):
            played.append(session)
            progress.update(task, advance=1, description=f"Played {session.recording.name}")
        progress.update(task, description="Listening to the end")
        return hear_out(played, publisher.redis, connection, stack.check)


def problems_of(played: Sequence[Played], mails: Mapping[str, EmailMessage]) -> Problems:
    return [
        (session.recording.name, problem)
        for session in played
        for problem in missing(session.recording, session.outcome, mails)
    ]


def _headline_of(played: Sequence[Played], problems: Problems) -> str:
    counts = {
        "sessions": len(played),
        "events": sum(session.outcome.decided + session.outcome.rejected for session in played),
        "tickets": sum(len(session.outcome.tickets) for session in played),
        "mails": sum(mail.accepted for session in played for mail in session.outcome.mails.values()),
        "rejected": sum(session.outcome.rejected for session in played),
    }
    verdict = "demo failed" if problems else "demo ok"
    return f"{verdict}: " + " ".join(f"{name}={count}" for name, count in counts.items())


def show(played: Sequence[Played], problems: Problems, console: Console) -> None:
    table = Table()
    for name in ("session", "reasons", "priority", "ticket", "mail", "ms"):
        table.add_column(
            name, no_wrap=name != "session", overflow="ellipsis", justify="right" if name == "ms" else "left"
        )
    for session in played:
        ticket = session.outcome.tickets[0] if session.outcome.tickets else None
        mails = ", ".join(sorted({state for mail in session.outcome.mails.values() for state in mail.states}))
        table.add_row(
            session.recording.name,
            "\n".join(ticket.reasons) if ticket else "-",
            ticket.priority if ticket else "-",
            ticket.number if ticket else "-",
            mails or "-",
            "-" if session.outcome.milliseconds is None else str(session.outcome.milliseconds),
        )
    console.print(table)
    for name, problem in problems:
        console.print(f"{name}: {problem}", style="red", markup=False, soft_wrap=True)
