"""Alembic migrations of the schema `escalation`; tables shared with ABParts are created when missing, else adopted."""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

LOCK = "SELECT pg_advisory_lock(hashtextextended('escalation.migrate', 0))"


def alembic_config(output: StringIO | None = None) -> Config:
    """Alembic's settings, without a file."""
    config = Config(output_buffer=output) if output else Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest shape; starts at the same time wait for each other.

    :raises sqlalchemy.exc.DBAPIError: the database refused; nothing was changed
    """
    with engine.connect() as connection:
        connection.execute(text(LOCK))
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def as_sql() -> str:
    """The same as SQL text, for people who apply it by hand."""
    output = StringIO()
    command.upgrade(alembic_config(output), "head", sql=True)
    return output.getvalue()
