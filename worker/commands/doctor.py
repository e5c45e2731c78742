"""`python -m worker doctor`: what is wrong and what to do."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer
from rich.markup import escape

from config.mail_settings import checked_address
from config.settings import get_settings
from rules.explanation import counted
from worker.commands.terminal import Output
from worker.doctor import alerts
from worker.doctor.end_to_end import EVENTS, run_synthetic_sessions
from worker.doctor.finding import CheckResult, Level, exit_code
from worker.doctor.run import examine

app = typer.Typer()
console = Output(soft_wrap=True, highlight=False)

MARKS = {
    Level.OK: "[green]ok[/]      ",
    Level.NOTE: "[blue]note[/]    ",
    Level.WARNING: "[yellow]warning[/] ",
    Level.BROKEN: "[red]broken[/]  ",
    Level.UNKNOWN: "[magenta]unknown[/] ",
}


@app.command()
def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as soon as it is known.")] = False,
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="Send marked sessions the whole way.")] = False,
    test_alert: Annotated[bool, typer.Option("--test-alert", help="Post one marked alert to the webhook.")] = False,
    to: Annotated[str | None, typer.Option(help="Who gets the mails of --end-to-end, and nobody else.")] = None,
    reason: Annotated[
        str | None, typer.Option(help=f"all, or one of {', '.join(EVENTS)}.", show_default="user_request")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="The longest wait for each reason.", show_default="120")
    ] = None,
) -> None:
    """Try every part; exit code 1: something is broken, 2: something could not be checked."""
    if end_to_end and test_alert:
        raise typer.BadParameter("--end-to-end and --test-alert: one after the other, please")
    if not end_to_end:
        refuse_alone({"--to": to, "--reason": reason, "--seconds": seconds})
    findings = []
    if test_alert:
        steps = alerts.try_alert(get_settings())
    else:
        steps = marked_sessions(to, reason or "user_request", seconds or 120.0) if end_to_end else examine()
    for finding in steps:
        findings.append(finding)
        show(finding, as_json)
    code = exit_code(findings)
    if not as_json:
        console.print(summary(code, findings))
    raise typer.Exit(code)


def summary(code: int, findings: list[CheckResult]) -> str:
    """The last line: what follows from all of the others."""
    if code:
        return {1: "Something is broken.", 2: "Not everything could be checked."}[code]
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    return f"It works, with {counted(warnings, 'warning')}." if warnings else "All is well."


def refuse_alone(options: Mapping[str, object]) -> None:
    """:raises typer.BadParameter: somebody believes to try the whole way, and would only be examined"""
    if given := [name for name, value in options.items() if value is not None]:
        raise typer.BadParameter(f"{', '.join(given)}: only with --end-to-end, which goes the whole way")


def marked_sessions(to: str | None, reason: str, seconds: float) -> Iterator[CheckResult]:
    if reason != "all" and reason not in EVENTS:
        raise typer.BadParameter(f"--reason {reason}: should be all or one of {', '.join(EVENTS)}")
    try:
        address = checked_address(to or "")
    except ValueError as error:
        raise typer.BadParameter(f"--to {to or ''}: {error}; the mails go there and to nobody else") from None
    return run_synthetic_sessions(get_settings(), list(EVENTS) if reason == "all" else [reason], address, seconds)


def show(finding: CheckResult, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(finding.as_json(), ensure_ascii=False))
        return
    console.print(f"{MARKS[finding.level]}[bold]{finding.part}[/]: {escape(f'{finding.tried}: {finding.found}')}")
    if finding.remedy:
        console.print(f"         → {escape(finding.remedy)}")
