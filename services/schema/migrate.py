"""Taking a database on as it is: look first, migrate without holding anybody up, remember its shape."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from models.migrations import newest, upgrade
from models.remembered import REMEMBER_SHAPE
from services.database.errors import DatabaseFailure, classify_failure
from services.schema.check import compare
from services.schema.grants import missing_rights
from services.schema.introspection import Difference, DifferenceKind, version

_PATIENCE_SECONDS = 120.0


class NotAdoptable(Exception):
    """The database cannot be taken on as it is; nothing was written."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__("\n".join(map(str, differences)))
        self.differences = tuple(differences)


def migrate(engine: Engine, patience_seconds: float = _PATIENCE_SECONDS) -> list[Difference]:
    """Create what is missing and adopt what is there; return what is still not as it should be.

    A table that somebody is writing to is tried again for so long; ABParts' own statements never queue behind us for
    more than 40 ms.

    :raises NotAdoptable: names every column and right that is not as needed; nothing was written
    :raises sqlalchemy.exc.OperationalError: a table was in use all the time
    """
    for attempt in Retrying(
        retry=retry_if_exception(
            lambda error: isinstance(error, OperationalError) and classify_failure(error) is DatabaseFailure.LOCKED
        ),
        wait=wait_random(0.2, 1.0),
        stop=stop_after_delay(patience_seconds),
        reraise=True,
    ):
        with attempt:
            upgrade(engine, before=_refuse_what_differs)
    with engine.begin() as connection:
        connection.execute(text(REMEMBER_SHAPE))
        return check(connection)


def _refuse_what_differs(connection: Connection) -> None:
    """:raises NotAdoptable: the tables' shape or the role's rights forbid the migration"""
    differences = [
        difference
        for difference in compare(connection)
        if difference.kind in {DifferenceKind.SHAPE, DifferenceKind.LOST}
    ]
    if version(connection) != newest():
        differences += missing_rights(connection, "owner")
    if differences:
        raise NotAdoptable(differences)


def check(connection: Connection, role: str | None = None) -> list[Difference]:
    """Everything that is not as the code needs it, for the worker that connects as this role; reads only.

    :raises services.schema.grants.UnknownRole: there is no such role
    """
    return [*compare(connection), *missing_rights(connection, "application", role)]
