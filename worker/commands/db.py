"""`python -m worker db …`: the database's shape, rights, and what to do when its tables were lost."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from config.errors import ConfigurationError
from config.settings import Settings, explain, get_settings
from models.migrations import alone, as_sql
from services.database.availability import wait_for_database
from services.database.engine import make_engine
from services.database.errors import described
from services.schema import grants as rights
from services.schema import migrate as adoption
from services.schema import protection as protect
from services.schema import rebuild as rebuilding
from services.schema.introspection import Difference, DifferenceKind
from services.schema.repair import repair_script
from worker.commands.arguments import not_empty
from worker.commands.rebuild_format import tell_plan, tell_report
from worker.commands.terminal import Output

app = typer.Typer(no_args_is_help=True, help="Create, adopt, check, protect and restore the tables.")
# Words are for a person and go to stderr; what may be piped on goes to stdout.
console = Output(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def database() -> Iterator[Engine]:
    """The database; what it refuses is told in one line."""
    engine = make_engine(database_settings(), statement_timeout=False)
    try:
        yield engine
    except DBAPIError as error:
        console.print(f"The database refused: {described(error)}", markup=False)
        raise typer.Exit(1) from None
    finally:
        engine.dispose()


def database_settings() -> Settings:
    """The settings; DATABASE_URL alone is enough where nothing but PostgreSQL is asked.

    :raises ConfigurationError: a setting is wrong
    """
    if any(os.environ.get(name) for name in ("REDIS_URL", "REDIS_URL_FILE")):
        return get_settings()
    # Never connected to: no command of this group asks Redis.
    try:
        return Settings.model_validate({"redis_url": "redis://127.0.0.1:6379/0"})
    except ValidationError as error:
        raise ConfigurationError(explain(error)) from None


NOT_MIGRATED = (
    "The database was not prepared. Nothing was started or stopped, and what ran goes on. Fix what is named above "
    "(DATABASE_URL says which database), then run this again before any program is updated."
)


@contextmanager
def _last_line() -> Iterator[None]:
    """Whoever comes to the end of the output reads what to do."""
    try:
        yield
    except typer.Exit:
        console.print(NOT_MIGRATED, markup=False)
        raise


@app.command()
def migrate(
    wait: Annotated[float, typer.Option(min=0, help="Wait so many seconds for PostgreSQL to come up.")] = 0,
) -> None:
    """Create what is missing and adopt what is there (DATABASE_URL); safe at any time and from several places."""
    with _last_line():
        _migrate(wait)


def _migrate(wait: float) -> None:
    with database() as engine:
        wait_for_database(engine, wait, lambda line: console.print(line, markup=False))
        try:
            left = adoption.migrate(engine)
        except adoption.NotAdoptable as error:
            console.print("The database cannot be taken on as it is. Nothing was written. What differs:")
            tell(error.differences)
            raise typer.Exit(1) from None
    tell(left)
    if any(difference.kind is DifferenceKind.STATE for difference in left):
        raise typer.Exit(1)
    console.print("The database has the newest shape.")


@app.command()
def check(
    role: Annotated[
        str | None, typer.Option(callback=not_empty, help="Check the rights of this role, not of the one connected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
    as_sql_script: Annotated[
        bool, typer.Option("--sql", help="Print one transaction that gives an older shape what the worker needs.")
    ] = False,
) -> None:
    """Compare the database with what the worker needs; exit code 1 when something differs. Changes nothing."""
    with database() as engine, engine.connect() as connection:
        if as_sql_script:
            typer.echo(repair_script(connection) or "-- No table has to be changed.")
            return
        try:
            differences = adoption.check(connection, role)
        except rights.UnknownRole as error:
            raise typer.BadParameter(str(error), param_hint="--role") from None
    if as_json:
        typer.echo(json.dumps([asdict(difference) for difference in differences], indent=2))
    else:
        tell(differences)
    if any(difference.kind is not DifferenceKind.NOTE for difference in differences):
        raise typer.Exit(1)
    console.print("The database is as the worker needs it.")


def tell(differences: Sequence[Difference]) -> None:
    for difference in differences:
        console.print(
            f"- {'(good to know) ' if difference.kind is DifferenceKind.NOTE else ''}{difference}", markup=False
        )


@app.command()
def sql() -> None:
    """Print what `migrate` does as SQL, one transaction, for people who apply it by hand."""
    typer.echo(as_sql())


@app.command()
def grants(
    role: Annotated[str, typer.Option(callback=not_empty, help="The role that is to get the rights.")],
    owner: Annotated[bool, typer.Option("--owner", help="For the role that migrates, not the one that works.")] = False,
) -> None:
    """Print the GRANT statements with the least rights that a role needs."""
    with database() as engine, engine.connect() as connection:
        typer.echo("\n".join(rights.grants(connection, role, "owner" if owner else "application")))


@app.command()
def rebuild(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
) -> None:
    """Show, and with --apply do, what brings back tables that were dropped or truncated."""
    with database() as engine, alone(engine) as connection, connection.begin():
        try:
            plan = rebuilding.make_plan(connection)
            tell_plan(console, plan)
            report = rebuilding.rebuild(connection) if apply and not plan.nothing_to_do else None
        except (rebuilding.NothingRemembered, rebuilding.TableMismatch) as error:
            console.print(f"It cannot be rebuilt: {error}", markup=False)
            raise typer.Exit(1) from None
    if plan.nothing_to_do:
        console.print("Nothing was lost.")
    elif report is None:
        console.print("Nothing was changed yet: python -m worker db rebuild --apply")
    else:
        tell_report(console, report)


@app.command("protect")
def protect_tables() -> None:
    """Have PostgreSQL refuse a plain DROP of the assistant's tables and of the columns that the worker needs."""
    with database() as engine, engine.begin() as connection:
        protect.protect(connection)
    console.print("Protected. Before ABParts changes the type of a column: python -m worker db unprotect")


@app.command("unprotect")
def unprotect_tables() -> None:
    """Take the protection away, for a migration that changes a column's type."""
    with database() as engine, engine.begin() as connection:
        protect.unprotect(connection)
    console.print("Not protected any more. Afterwards: python -m worker db protect")


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
