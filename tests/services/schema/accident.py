"""The accident that once took the assistant's tables away, and what was there before and after it."""

from typing import Any

from sqlalchemy import Engine, text

from services.schema.rebuild import Plan, RebuildReport, make_plan, rebuild
from tests.services.schema.rows import contents, rows

AUDITED = ("ai_sessions", "support_tickets", "escalation_triggers")
THE_ACCIDENT = "DROP TABLE support_tickets, escalation_triggers, ai_sessions CASCADE"


def state(engine: Engine) -> dict[str, Any]:
    """Every row and the whole shape of the audited tables, and the foreign keys of all tables."""
    with engine.connect() as connection:
        found: dict[str, Any] = {name: contents(connection, name) for name in AUDITED}
        (shape,) = rows(connection, "SELECT escalation.shape_of(:names) AS shape", names=list(AUDITED))
    for table in shape["shape"].values():
        del table["oid"]
        table["indexes"] = sorted(table["indexes"])
    return {**found, "shape": shape["shape"]}


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def plan(engine: Engine) -> Plan:
    with engine.connect() as connection:
        return make_plan(connection)


def apply(engine: Engine) -> RebuildReport:
    with engine.begin() as connection:
        return rebuild(connection)
