"""`python -m worker db …`: the database's shape."""

from typing import Annotated

import typer
from rich.console import Console

from config.settings import get_settings
from models.migrations import as_sql, upgrade
from services.database import make_engine

app = typer.Typer(no_args_is_help=True, help="Create, adopt and describe the tables.")
console = Console(stderr=True)


@app.command()
def migrate() -> None:
    """Create what is missing and adopt what is there (DATABASE_URL); safe at any time and from several places."""
    engine = make_engine(get_settings(), statement_timeout=False)
    upgrade(engine)
    console.print("The database has the newest shape.")


@app.command()
def sql() -> None:
    """Print the same as SQL, for people who apply it by hand."""
    typer.echo(as_sql())


@app.command()
def seed(
    quiet: Annotated[bool, typer.Option(help="Say nothing.")] = False,
) -> None:
    """Create and fill ABParts' own tables (users, organisations, machines) in an empty database, to try things out."""
    from demo.seed import seed as fill

    with make_engine(get_settings()).begin() as connection:
        fill(connection)
    if not quiet:
        console.print("ABParts' tables are filled with examples.")
