"""`python -m worker doctor`: what is wrong and what to do."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from worker.doctor.finding import Finding, Level, exit_code
from worker.doctor.run import examine

app = typer.Typer()
console = Console(soft_wrap=True, highlight=False)

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
) -> None:
    """Try every part; exit code 1: something is broken, 2: something could not be checked."""
    findings = []
    for finding in examine():
        findings.append(finding)
        show(finding, as_json)
    code = exit_code(findings)
    if not as_json:
        console.print({0: "All is well.", 1: "Something is broken.", 2: "Not everything could be checked."}[code])
    raise typer.Exit(code)


def show(finding: Finding, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(finding.as_json(), ensure_ascii=False))
        return
    console.print(f"{MARKS[finding.level]}[bold]{finding.part}[/]: {escape(f'{finding.tried}: {finding.found}')}")
    if finding.remedy:
        console.print(f"         → {escape(finding.remedy)}")
