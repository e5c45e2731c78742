"""`python -m worker privacy …`: delete what is old, and erase a person on request."""

from collections.abc import Collection
from typing import Annotated

import typer
from redis import Redis
from redis.exceptions import RedisError
from rich.table import Table

from config.settings import get_settings
from rules.explanation import counted
from services.database.engine import begin, engine
from services.events.stream import redis_client
from services.events.trimming import erase_entries
from services.privacy.erasure import MailOnItsWay, NotAllowed, delete_holders, erase, find_holders, traces_of
from services.privacy.retention import keep
from worker.commands.arguments import not_empty
from worker.commands.terminal import Output

app = typer.Typer(no_args_is_help=True, help="How long things are kept, and erasing a person.")
console = Output()

SECONDS = 3_600.0
UNREAD = (
    "This role may not read ABParts' users, so mails to the person's address were found by their sessions alone. To "
    "find those about others too: GRANT SELECT (id, email) ON users TO this role, and run it again."
)
UNKNOWN = "Nobody here has the id {!r}, and nothing is left of such a person: is it the id in ABParts' table users?"


@app.command("keep")
def keep_command() -> None:
    """Forget what is older than KEEP_PAYLOAD_DAYS, KEEP_EVENT_DAYS and KEEP_AUDIT_DAYS; a sweep does so every hour."""
    show(keep(engine(), get_settings(), SECONDS), "rows")


@app.command("erase-user")
def erase_user(
    user_id: Annotated[
        str, typer.Argument(callback=not_empty, help="The id that the person has in ABParts' table users.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say where the person is.")] = False,
    delete_tickets: Annotated[
        bool, typer.Option("--delete-tickets", help="Also delete their tickets, which ABParts' own erasure fails on.")
    ] = False,
) -> None:
    """Remove a person's texts, names and addresses from our tables; numbers and counts stay. It cannot be undone."""
    with begin() as connection:
        traces = traces_of(connection, user_id)
        console.print(f"{counted(len(traces.sessions), 'session')}, {counted(len(traces.tickets), 'ticket')}.")
        if not (traces.sessions or traces.address):
            console.print(UNKNOWN.format(user_id), style="yellow", markup=False)
        if dry_run:
            show_holders(find_holders(connection, traces))
            return
        try:
            done = erase(connection, user_id)
            if delete_tickets:
                done |= {f"{table}, deleted": count for table, count in delete_holders(connection, traces).items()}
            holders = find_holders(connection, traces)
        except MailOnItsWay as error:
            console.print(f"{error}: wait, or see python -m worker mail list", style="red")
            raise typer.Exit(1) from None
        except NotAllowed as error:
            console.print(f"{error} (docs/security.md)", style="red")
            raise typer.Exit(1) from None
    show(done, "rows changed")
    show_holders(holders)
    if not traces.searched:
        console.print(UNREAD, style="yellow")
    taken_from(redis_client(), traces.sessions)


def show_holders(holders: dict[str, int]) -> None:
    if holders:
        rows = ", ".join(f"{table} ({counted(count, 'row')})" for table, count in holders.items())
        console.print(
            f"ABParts' own erasure fails until these are gone, in this order: {rows}. "
            "--delete-tickets deletes the worker's two: escalation_triggers and support_tickets.",
            style="yellow",
        )


def taken_from(redis: Redis, sessions: Collection[str]) -> None:
    """What was read stays in the stream for a while; what waits to be read must not be lost."""
    try:
        left = erase_entries(redis, set(sessions))
    except RedisError as error:
        console.print(
            f"Redis: {type(error).__name__}. Their events are still in the stream: run this again.", style="red"
        )
        raise typer.Exit(1) from None
    console.print(f"{counted(left.gone, 'event')} taken out of the stream.")
    if left.waiting:
        console.print(f"{left.waiting} of their events wait to be read: run this again afterwards.", style="red")
        raise typer.Exit(1)


def show(done: dict[str, int], heading: str) -> None:
    table = Table("what", heading)
    for name, count in done.items():
        table.add_row(name, str(count))
    console.print(table)
