"""`python -m bench.explain KIND`: how PostgreSQL works off the statements of one batch, as JSON on the last line.

Runs in the environment of a round whose stream holds the events. Each statement is explained in the very state of the
database in which it then runs: EXPLAIN ANALYZE within a savepoint, or a transaction, that is rolled back.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import event

from services.database.engine import engine
from services.database.prepared import run_waiting
from services.events.stream import redis_client
from services.installation import get_installation
from tasks.evaluation.drain import drain
from tasks.mail import deliver_due

MILLISECONDS = re.compile(r"(?:Planning|Execution) Time: ([0-9.]+) ms")
KEEP = "SAVEPOINT explained"
EXPLAINED = ("INSERT", "UPDATE", "SELECT", "WITH")


@contextmanager
def explained() -> Iterator[list[dict[str, Any]]]:
    """Every statement that this process executes meanwhile, with its plan and the milliseconds that it took."""
    found: list[dict[str, Any]] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        run_waiting(cursor)
        if statement.lstrip().startswith(EXPLAINED):
            found.append(plan_of(connection.connection.cursor(), statement, parameters))

    event.listen(engine(), "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine(), "before_cursor_execute", explain)


def plan_of(cursor: Any, statement: str, parameters: Any) -> dict[str, Any]:
    alone = cursor.connection.autocommit and cursor.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE
    begin, end = ("BEGIN", "ROLLBACK") if alone else (KEEP, f"ROLLBACK TO {KEEP}")
    cursor.execute(begin)
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
    plan = "\n".join(line for (line,) in cursor.fetchall())
    cursor.execute(end)
    took = sum(float(part) for part in MILLISECONDS.findall(plan))
    return {"statement": " ".join(statement.split())[:100], "milliseconds": took, "plan": plan}


def one_batch() -> None:
    drain(redis_client(), get_installation())


KINDS: dict[str, Callable[[], object]] = {"events": one_batch, "tickets": one_batch, "mails": deliver_due}


def main(kind: str) -> None:
    if kind == "mails":
        one_batch()
    with explained() as found:
        KINDS[kind]()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
