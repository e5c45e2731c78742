"""Alembic migrations of the schema `escalation`; tables shared with ABParts are created when missing, else adopted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

# CREATE TRIGGER waits for writers, and new writers wait behind it: so it gives up long before anybody notices.
LOCK_TIMEOUT = "SET lock_timeout = '40ms'"
ONE_AT_A_TIME = "SELECT pg_advisory_lock(hashtextextended('escalation.migrate', 0))"


def alembic_config(output: StringIO | None = None) -> Config:
    """Alembic's settings, without a file."""
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The version that this program needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection of its own that waits until nobody else migrates or rebuilds, and keeps others from it."""
    with engine.connect() as connection:
        # Never given back to the pool: closing it frees the lock and forgets the settings, whatever happens.
        connection.detach()
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(ONE_AT_A_TIME))
        connection.execute(text(LOCK_TIMEOUT))
        connection.commit()
        yield connection


def upgrade(engine: Engine, before: Callable[[Connection], None] | None = None) -> None:
    """Bring the database to the newest shape; starts at the same time wait for each other.

    :param before: looks at the database as it is and raises what forbids the upgrade, before anything is written
    :raises sqlalchemy.exc.DBAPIError: the database refused; 55P03 when a table was in use: the same again later
    """
    with alone(engine) as connection:
        if before:
            before(connection)
            connection.rollback()
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def as_sql() -> str:
    """The same as SQL text, for people who apply it by hand."""
    output = StringIO()
    command.upgrade(alembic_config(output), "head", sql=True)
    return output.getvalue()
