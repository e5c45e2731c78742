"""`python -m worker policy …`: what other thresholds, lists or ears would change, before they are put in force."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from config.errors import ConfigurationError
from rules.explanation import counted
from services.database.engine import begin
from services.escalation.replay import ReplayEars, ReplayedSession, ReplayReport, replay
from services.installation import Installation, get_installation, policy_here
from services.listening.ear import second_ear
from worker.commands.terminal import Output, quoted, uncut_table

app = typer.Typer(no_args_is_help=True, help="Try other thresholds on what was said already.")
console = Output()
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Detection(StrEnum):
    ON = "on"
    OFF = "off"


@app.callback()
def group() -> None:
    """Try other thresholds on what was said already."""


@app.command("replay")
def replay_command(
    since: Annotated[str, typer.Option(help="How far back, such as 30m, 12h, 7d or 4w.")] = "7d",
    policy: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A policy file; the one in force unless given.")
    ] = None,
    detection: Annotated[
        Detection | None,
        typer.Option(help="on: the second ear judges all texts again; off: the word lists alone; else as judged then."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many different sessions to list.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Evaluate the stored events again, without writing, and list the sessions that would escalate differently."""
    begun = datetime.now(UTC) - _parse_age(since)
    installation = _under(policy, detection)
    ears = _ears(detection)
    with begin() as connection:
        found = replay(connection, begun, installation, ears)
    if as_json:
        typer.echo(json.dumps(found.as_json() | {"policy": installation.policy.version}, ensure_ascii=False))
        return
    show(found, limit)


def _parse_age(age: str) -> timedelta:
    if not (match := re.fullmatch(r"(\d{1,4})([mhdw])", age)):
        raise typer.BadParameter(f"{age!r} should be a number with m, h, d or w, such as 7d", param_hint="--since")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _under(file: Path | None, detection: Detection | None) -> Installation:
    installation = get_installation()
    try:
        chosen = policy_here(file) if file else installation.policy
    except ConfigurationError as error:
        raise typer.BadParameter(str(error), param_hint="--policy") from None
    if detection:
        chosen = replace(chosen, second_ear=detection is not Detection.OFF)
    return replace(installation, policy=chosen)


def _ears(detection: Detection | None) -> ReplayEars:
    if detection is not Detection.ON:
        return ReplayEars()
    if (ear := second_ear()) is None:
        raise typer.BadParameter("the second ear cannot be loaded: pip install '.[listen]'", param_hint="--detection")
    return ReplayEars(judges_again=True, ear=ear)


def show(found: ReplayReport, limit: int) -> None:
    console.print(
        f"{counted(found.sessions, 'session')} since {found.since:%Y-%m-%d %H:%M:%S} UTC: {found.escalated_before} "
        f"escalated, {found.escalated_after} would; {len(found.different)} differ"
    )
    if not found.different:
        return
    table = uncut_table("session", "then", "now", "texts (event, message)", "experts said")
    for session in found.different[:limit]:
        table.add_row(*map(quoted, _cells(session)))
    console.print(table)
    console.print("Nothing was written. `explain SESSION` shows each text.")


def _cells(session: ReplayedSession) -> tuple[str, ...]:
    texts = [
        f"{'then' if event.was else 'now'} {event.reason}: {event.event_id}"
        + (f" ({event.message_id})" if event.message_id else "")
        for event in session.events
    ]
    feedback = [f"{reason}: {word}" for reason, word in session.feedback.items()]
    return (
        session.session_id,
        ", ".join(session.before) or "-",
        ", ".join(session.after) or "-",
        "\n".join(texts),
        "\n".join(feedback),
    )
