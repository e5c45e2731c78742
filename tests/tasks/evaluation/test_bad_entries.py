"""Entries that cannot be used, of any kind and number: set aside at once, and nothing else waits or is lost for it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from escalation_client.events import encode
from services.events.decoding import KEPT_BYTES
from services.events.stream import EVENTS, GROUP, StreamEntry
from services.installation import Installation
from tasks import events as tasks  # not its tasks: pytest would look into them before there are settings
from tasks.evaluation.batch import PART_BYTES, parts, write
from tasks.evaluation.drain import drain
from tests.events import confidence
from tests.processes import ROOT
from tests.shifted_clock import ShiftedClock
from tests.tasks.conftest import Publish, rows
from tests.tasks.evaluation.batches import Entries, statements
from worker.commands.rejected import app

REJECTED = "SELECT * FROM escalation.rejected_events ORDER BY rejected_at"
GOOD = encode(confidence("good", 0.1))


def spoilt(**members: Any) -> str:
    return json.dumps({**json.loads(GOOD), **members})


def pending(redis: Redis) -> int:
    return int(redis.xpending(EVENTS, GROUP)["pending"])


@pytest.mark.parametrize(
    "bad",
    [
        spoilt(session_id="nul \0"),
        spoilt(session_id="half \ud83d"),
        spoilt(session_id="s" * 200_000),
        spoilt(type="\0"),
        "\0",
        "",
        "[[/]] {{ 7*7 }} %s %(x)s :name",
    ],
    ids=["nul", "surrogate", "long session", "nul type", "only nul", "empty", "markup"],
)
def test_whatever_is_wrong_is_set_aside_and_the_rest_goes_on(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection, bad: str
) -> None:
    publish([bad, GOOD])
    assert drain(redis, installation).opened == 1
    (row,) = rows(connection, REJECTED)
    assert (bytes(row["payload"]).decode(), pending(redis)) == (bad, 0)


@pytest.mark.parametrize("id_of_publisher", ["1796029601899000-0", "1796029601899000000-0"], ids=["micro", "nano"])
def test_an_entry_id_that_is_no_time_costs_neither_its_event_nor_those_that_come_later(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection, id_of_publisher: str
) -> None:
    redis.xadd(EVENTS, {"event": GOOD}, id=id_of_publisher)
    publish([confidence("later", 0.1)])
    assert drain(redis, installation).opened == 2
    (told,) = rows(
        connection, "SELECT count(*) FROM escalation.event_inbox WHERE published_at < now() + interval '1 minute'"
    )
    assert told["count"] == 2


DRAIN = """
from services.events.stream import redis_client
from services.installation import get_installation
from tasks.evaluation.drain import drain
print(drain(redis_client(), get_installation()).opened)
"""


@pytest.mark.debian("cc")
def test_a_host_whose_clock_is_a_year_behind_takes_no_event_for_one_of_the_future(
    installation: Installation, publish: Publish, connection: Connection, tmp_path: Path
) -> None:
    clock = ShiftedClock(tmp_path)
    clock.shift(-366 * 24 * 60 * 60)
    publish([GOOD])
    environment = {**os.environ, **clock.environment}
    said = subprocess.run([sys.executable, "-c", DRAIN], env=environment, cwd=ROOT, check=True, capture_output=True)
    assert rows(connection, REJECTED) == []
    assert said.stdout.decode().split()[-1] == "1"


@pytest.mark.parametrize(
    "hidden",
    [
        '"data":{"x":"\\u0000"},"data":{',
        '"data":{"x":"\\ud800"},"data":{',
        '"data":{"extra":1e-99999,',
        '"data":{"extra":0.' + "0" * 17_000 + "1,",
    ],
    ids=["nul", "surrogate", "exponent", "decimals"],
)
def test_what_postgresql_could_not_store_is_known_before_the_transaction(
    installation: Installation, entries: Entries, connection: Connection, hidden: str
) -> None:
    bad = [encode(confidence(f"s{number}", 0.1)).replace('"data":{', hidden) for number in range(20)]
    batch = entries([*bad, GOOD])
    few = statements(lambda: write(batch, installation))
    assert few < 2 * 20, "the batch was halved"
    assert len(rows(connection, REJECTED)) == 20
    assert not [row for row in rows(connection, REJECTED) if "cannot be stored" in row["reason"]]


def test_a_batch_full_of_bad_entries_takes_as_many_statements_as_one(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    counts = set()
    for size in (1, 500):
        batch = entries([spoilt(session_id=f"{size}-{number}", type="unheard-of") for number in range(size)])
        counts.add(statements(lambda batch=batch: write(batch, installation)))  # type: ignore[misc]
    assert len(counts) == 1
    assert len(rows(connection, REJECTED)) == 501


def test_the_same_bad_entry_is_one_row_that_counts_how_often_it_came(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    for _ in range(2):
        publish([spoilt(type="unheard-of")] * 7)
        drain(redis, installation)
    (row,) = rows(connection, REJECTED)
    assert row["times_seen"] == 14


def test_a_batch_that_comes_again_after_a_crash_counts_once(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    batch = entries([spoilt(type="unheard-of")] * 3)
    for _ in range(2):
        write(batch, installation)
    (row,) = rows(connection, REJECTED)
    assert row["times_seen"] == 3


def test_of_an_enormous_entry_the_beginning_is_kept(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    publish(["x" * (KEPT_BYTES + 5), "x" * (KEPT_BYTES + 6)])
    drain(redis, installation)
    found = rows(connection, REJECTED)
    assert [len(row["payload"]) for row in found] == [KEPT_BYTES, KEPT_BYTES]
    assert all(f"the first {KEPT_BYTES} bytes are kept" in row["reason"] for row in found)


def test_a_batch_of_large_entries_is_written_in_parts() -> None:
    def sizes(entries: Sequence[StreamEntry]) -> list[int]:
        return [len(part) for part in parts(entries)]

    def of(count: int, size: int) -> list[StreamEntry]:
        return [StreamEntry(f"{number}-0", b"x" * size, {}) for number in range(count)]

    assert sizes(of(500, 400)) == [500]
    assert sizes(of(10, PART_BYTES // 4)) == [4, 4, 2]
    assert sizes(of(3, PART_BYTES * 2)) == [1, 1, 1]
    assert sizes([]) == []


def test_a_flood_of_bad_events_leaves_the_outcomes_of_the_others_in_their_stream(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    few = installation.settings.outcomes_keep // 10
    for start in range(0, 1_500, 500):
        write(entries([spoilt(session_id=f"s{start + number}", type="x") for number in range(500)]), installation)
    write(entries(["nobody's", GOOD]), installation)
    outcomes = rows(connection, "SELECT payload ->> 'type' AS type, count(*) FROM escalation.outcomes GROUP BY 1")
    assert {row["type"]: row["count"] for row in outcomes} == {"event.rejected": few, "ticket.opened": 1}


def test_the_list_of_what_was_set_aside_shows_markup_and_control_characters_as_they_are(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([spoilt(session_id="[/red] \x1b[31m", type="[/bold]\x1b]0;title\x07")]), installation)
    (row,) = rows(connection, REJECTED)
    listed = CliRunner().invoke(app, ["list"])
    shown = CliRunner().invoke(app, ["show", str(row["rejected_id"])])
    for told in (listed, shown):
        assert told.exit_code == 0, told.output
        assert "[/bold]" in told.output
        assert not set(told.output) & {"\x1b", "\x07"}


def test_a_payload_is_shown_without_what_a_terminal_would_obey(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries(["clear \x1b[2J\x9b31m bell \x07 line\nnext\tΑθήνα"]), installation)
    (row,) = rows(connection, REJECTED)
    shown = CliRunner().invoke(app, ["show", str(row["rejected_id"])])
    assert "clear \\x1b[2J\\x9b31m bell \\x07 line\nnext\tΑθήνα" in shown.output


def test_what_a_session_had_set_aside_is_found_by_an_index(connection: Connection) -> None:
    connection.execute(text("SET enable_seqscan = off"))
    for condition in ("session_id = 's'", "rejected_at > now() - interval '1 hour'"):
        plan = connection.execute(text(f"EXPLAIN SELECT * FROM escalation.rejected_events WHERE {condition}"))
        assert "rejected_events_" in "".join(plan.scalars())


def test_an_event_sent_as_a_task_is_set_aside_rather_than_lost(
    installation: Installation, redis: Redis, connection: Connection
) -> None:
    tasks.submit_event({"type": "half a pair \ud800", "number": float("nan")})
    drain(redis, installation)
    (row,) = rows(connection, REJECTED)
    assert "UTF-8" in row["reason"]
