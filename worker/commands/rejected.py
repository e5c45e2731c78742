"""`python -m worker rejected …`: events that were set aside, why, and another try."""

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from config.settings import get_settings
from services.database.engine import begin
from services.events.rejected import RejectedEventNotFound, dismiss, find_rejected, list_rejected, list_waiting, replay
from services.events.stream import connect
from worker.commands.arguments import MOST_HOURS, not_empty
from worker.commands.terminal import Output, harmless, quoted, uncut_table

app = typer.Typer(no_args_is_help=True, help="Events that could not be used: list, show, replay, dismiss.")
console = Output()

RejectedId = Annotated[str, typer.Argument(callback=not_empty, help="The id, or how it begins.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    replayed_too: Annotated[bool, typer.Option("--all", help="Also those that were replayed or dismissed.")] = False,
    as_json: AsJson = False,
) -> None:
    """The newest first, each with its reason."""
    with begin() as connection:
        rows = list_rejected(connection, limit, replayed_too)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, default=str))
        return
    table = uncut_table("id", "rejected (UTC)", "seen", "session", "reason", whole=("id",))
    for row in rows:
        table.add_row(short(row["rejected_id"]), f"{row['rejected_at']:%Y-%m-%d %H:%M:%S}", str(row["times_seen"]),
                      quoted(row["session_id"] or "?"), quoted(row["reason"]))  # fmt: skip
    console.print(table if rows else "No event is set aside.")


@app.command()
def show(rejected_id: RejectedId) -> None:
    """One event whole: why it was set aside and what it was."""
    row = looked_up(rejected_id)
    payload = bytes(row.pop("payload"))
    for name, value in row.items():
        typer.echo(f"{name}: {harmless(str(value)) if value is not None else '-'}")
    typer.echo(f"payload ({len(payload)} bytes):\n{harmless(payload.decode('utf-8', 'backslashreplace'))}")


@app.command("replay")
def replay_command(
    rejected_id: Annotated[
        str | None, typer.Argument(callback=not_empty, help="The id, or how it begins; none with --since-hours.")
    ] = None,
    event: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, readable=True, help="A file with the corrected event, published instead."
        ),
    ] = None,
    since_hours: Annotated[
        float | None, typer.Option(min=0, max=MOST_HOURS, help="All that were set aside in the last hours.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1_000,
) -> None:
    """Put events into the stream again; harmless for those that arrived meanwhile, since each counts once."""
    if (rejected_id is None) == (since_hours is None):
        raise typer.BadParameter("name one event, or all since some time: replay ID, or replay --since-hours 2")
    if event and rejected_id is None:
        raise typer.BadParameter(
            f"--event {event}: is one event; name the one that it corrects by its id: replay ID --event FILE"
        )
    with begin() as connection:
        if rejected_id is None:
            payloads = list_waiting(connection, datetime.now(UTC) - timedelta(hours=since_hours or 0), limit)
        else:
            payloads = [corrected(looked_up(rejected_id), event)]
        redis = connect(get_settings().redis_url.get_secret_value())
        count = replay(connection, redis, payloads) if payloads else 0
    console.print(f"{count} published again.")


@app.command("dismiss")
def dismiss_command(
    rejected_id: RejectedId,
    why: Annotated[str, typer.Argument(callback=not_empty, help="Why nobody will replay it.")],
    who: Annotated[
        str,
        typer.Option(
            callback=not_empty, help="Who decided.", default_factory=getpass.getuser, show_default="login name"
        ),
    ],
) -> None:
    """Settle an event without replaying it: it is kept with your reason, and its alert ends."""
    row = looked_up(rejected_id)
    with begin() as connection:
        changed = dismiss(connection, row["rejected_id"], who, why.strip())
    console.print("Dismissed." if changed else "It was settled already; nothing was changed.")


def corrected(row: dict[str, Any], event: Path | None) -> tuple[UUID, bytes]:
    return row["rejected_id"], event.read_bytes() if event else bytes(row["payload"])


def looked_up(rejected_id: str) -> dict[str, Any]:
    try:
        with begin() as connection:
            return find_rejected(connection, rejected_id)
    except RejectedEventNotFound as error:
        console.print(f"{error}: see python -m worker rejected list", style="red", markup=False)
        raise typer.Exit(1) from None


def short(identifier: UUID) -> str:
    return str(identifier)[:8]
