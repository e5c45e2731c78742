"""`python -m worker demo`: recorded sessions through a whole stack, checked."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from demo.recording import BrokenRecording
from demo.run import run
from demo.stack import StackFailed

app = typer.Typer(help="Play recorded sessions through a stack of their own and check what comes of them.")
console = Console(stderr=True)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with an empty database.")] = False,
    folder: Annotated[Path, typer.Option("--var", help="Where the stack and the page are kept.")] = Path("var/demo"),
) -> None:
    """Play every session of demo/sessions, wait until each mail is accepted, check, and write var/demo/index.html."""
    try:
        good = run(folder.absolute(), keep=keep, fresh=fresh, console=console)
    except (BrokenRecording, StackFailed) as error:
        console.print(f"demo failed: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if good else 1)
