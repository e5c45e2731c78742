"""`python -m bench.failover`: kills the primary behind Sentinels while events flow; what is lost, and what it takes."""

import argparse
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, create_engine, text

from bench import reliability
from escalation_client import ConfidenceReported, Publisher
from models.migrations import upgrade
from services.database.engine import driver_url
from tests.client.replicated import replicated
from tests.processes import processes, wait_for
from worker.embedded import EmbeddedPostgres
from worker.embedded.paths import temporary_folder

_EVENTS, _BEFORE, _PAUSE = 600, 150, 0.02
_TICKETS = text("SELECT session_id, extract(epoch FROM created_at AT TIME ZONE 'UTC') FROM public.support_tickets")


@dataclass(frozen=True, slots=True)
class _Round:
    """Seconds from the kill until Redis took an event again, and until a later one had its ticket."""

    events_after: float
    tickets_after: float
    lost: int
    doubled: int


def _one_round(folder: Path, postgres: EmbeddedPostgres, number: int) -> _Round:
    database = postgres.url_of("postgres").replace("/postgres?", f"/round{number}?")
    with create_engine(driver_url(postgres.url), isolation_level="AUTOCOMMIT").connect() as owner:
        owner.exec_driver_sql(f"CREATE DATABASE round{number}")
    engine = create_engine(driver_url(database), isolation_level="AUTOCOMMIT")
    upgrade(engine)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        cluster = stack.enter_context(replicated(folder))
        cluster.wait_until_complete()
        environment = {
            "DATABASE_URL": database, "REDIS_URL": cluster.url, "SUPPORT_EMAIL": "support@example.com",
            "SMTP_SERVER": "127.0.0.1", "SMTP_PORT": "1", "SMTP_USE_TLS": "false", "ESCALATION_EMBEDDED": "true",
        }  # fmt: skip
        family = stack.enter_context(processes(environment, folder, fresh=True))
        family.worker()
        family.beat()
        connection = stack.enter_context(engine.connect())
        publisher = stack.enter_context(Publisher(cluster.url, spool=folder / "spool", replicas=1))
        killed, taken = 0.0, 0.0
        for event in range(_EVENTS):
            if event == _BEFORE:
                cluster.primary.kill()
                killed = time.time()
            entry = publisher.publish(ConfidenceReported(session_id=f"s{event}", confidence=0.1))
            taken = taken or (time.time() if killed and entry else 0.0)
            time.sleep(_PAUSE)
        assert publisher.flush(60)
        taken = taken or time.time()
        wait_for(lambda: len(_tickets(connection)) >= _EVENTS, "all tickets")
        return _judge(connection, killed, taken)


def _tickets(connection: Connection) -> list[tuple[str, float]]:
    return [(session, float(at)) for session, at in connection.execute(_TICKETS)]


def _judge(connection: Connection, killed: float, taken: float) -> _Round:
    tickets = _tickets(connection)
    found, wanted = Counter(session for session, _ in tickets), Counter(f"s{event}" for event in range(_EVENTS))
    later = min(at for session, at in tickets if int(session[1:]) >= _BEFORE)
    return _Round(taken - killed, later - killed, (wanted - found).total(), (found - wanted).total())


def _line(rounds: list[_Round]) -> str:
    events, tickets = [one.events_after for one in rounds], [one.tickets_after for one in rounds]
    return (
        f"{len(rounds)} primaries killed, {_EVENTS} events each: Redis took events again after {median(events):.1f} s "
        f"(worst {max(events):.1f} s), tickets went on after {median(tickets):.1f} s (worst {max(tickets):.1f} s), "
        f"lost={sum(one.lost for one in rounds)} doubled={sum(one.doubled for one in rounds)}"
    )


def main() -> int:
    """Print the figures; the exit code is 1 when anything was lost or came twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write-docs", action="store_true", help=f"write them into {reliability.NAME}")
    given = parser.parse_args()
    with temporary_folder() as folder, EmbeddedPostgres(folder / "postgres") as postgres:
        rounds = []
        for number in range(given.rounds):
            place = folder / str(number)
            place.mkdir()
            rounds.append(_one_round(place, postgres, number))
            print(rounds[-1], flush=True)
    print(_line(rounds))
    if given.write_docs:
        reliability.write("failover", f"`python -m bench.failover`: {_line(rounds)}.")
    return int(any(one.lost or one.doubled for one in rounds))


if __name__ == "__main__":
    sys.exit(main())
