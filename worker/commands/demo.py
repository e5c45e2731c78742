"""`python -m worker demo`: recorded sessions through a whole stack, checked."""

from pathlib import Path
from typing import Annotated

import typer

from demo.recording import SESSIONS, BrokenRecording
from demo.run import run
from demo.stack import StackFailed
from worker.commands.terminal import Output
from worker.commands.up import VAR
from worker.embedded.errors import StackError
from worker.embedded.paths import data_folder

app = typer.Typer(help="Play recorded sessions through a stack of their own and check what comes of them.")
console = Output(stderr=True)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with an empty database.")] = False,
    sessions: Annotated[
        Path, typer.Option(help="Recorded sessions, *.jsonl.", show_default="demo/sessions")
    ] = SESSIONS,
    var: Annotated[
        Path, typer.Option(help="Where the stack and the page are kept, in demo/.", show_default="var")
    ] = VAR,
) -> None:
    """Play every recorded session, wait until each mail is accepted, check, and write var/demo/index.html."""
    try:
        good = run(data_folder(var) / "demo", sessions, keep=keep, fresh=fresh, console=console)
    except (BrokenRecording, StackFailed, StackError) as error:
        console.print(f"demo failed: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if good else 1)
