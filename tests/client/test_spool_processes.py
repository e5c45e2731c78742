"""Several processes on one spool, some of which are killed: what `publish` has returned from is never lost."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from redis import Redis

from escalation_client import Publisher, PublishError
from escalation_client.events import encode
from escalation_client.spool import Spool
from tests.client.stream import report, reports, sessions_in
from tests.processes import wait_for
from worker.embedded import EmbeddedValkey

pytestmark = pytest.mark.long

WRITER = """
    import sys
    from escalation_client import ConfidenceReported, Publisher

    url, spool, name = sys.argv[1:]
    with Publisher(url, spool=spool) as publisher:
        for number in range(10_000):
            publisher.publish(ConfidenceReported(session_id=f"{name}-{number}", confidence=0.5))
            print(f"{name}-{number}", flush=True)
"""


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def lines_before_the_kill(process: "subprocess.Popen[str]", least: int) -> list[str]:
    """Kill a process after it has printed so many lines; return all it printed."""
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(least)]
    process.kill()
    rest = process.communicate()[0].splitlines()
    return [line for line in [*lines, *rest] if line]


SCRIPT = """
    import sys
    from escalation_client import ConfidenceReported, Publisher

    publisher = Publisher(sys.argv[1], spool=sys.argv[2])
    publisher.publish(ConfidenceReported(session_id="of a script", confidence=0.5))
"""


def end_of(script: "subprocess.Popen[str]") -> None:
    """Wait until it has ended well."""
    script.communicate(timeout=20)
    assert script.returncode == 0


def test_a_script_that_ends_at_once_sends_what_an_earlier_one_left(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    server.kill()
    for _ in range(2):
        end_of(start(SCRIPT, url, spool))
    server.start()
    end_of(start(SCRIPT, url, spool))
    assert sessions_in(redis) == ["of a script"] * 3


def test_a_redis_that_stays_away_holds_up_the_end_of_a_script_for_seconds_only(
    url: str, server: EmbeddedValkey, spool: Path
) -> None:
    server.kill()
    began = time.monotonic()
    end_of(start(SCRIPT, url, spool))
    assert time.monotonic() - began < 8
    assert Spool(spool).pending()


def test_processes_that_are_killed_lose_nothing_and_mix_nothing(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    server.kill()
    writers = [start(WRITER, url, spool, name) for name in "abc"]
    promised = {name: lines_before_the_kill(writer, 100) for name, writer in zip("abc", writers, strict=True)}
    server.start()
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(30)
    arrived = sessions_in(redis)
    for name, lines in promised.items():
        of_one = [session for session in arrived if session.startswith(name)]
        assert of_one[: len(lines)] == lines
        # At most the one event that it was about to be told of.
        assert len(of_one) <= len(lines) + 1


def test_a_process_killed_while_it_sends_leaves_the_rest_to_the_next(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    expected = [event.session_id for event in reports(30_000)]
    server.kill()
    with Publisher(url, spool=spool) as publisher:
        publisher.publish_many(reports(30_000))
    server.start()
    sender = start(
        "from escalation_client import Publisher; import sys; Publisher(sys.argv[1], spool=sys.argv[2]).flush(60)",
        url,
        spool,
    )
    wait_for(lambda: redis.xlen("escalation:events"), "the first events")
    sender.kill()
    sender.communicate()
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(60)
    assert list(dict.fromkeys(sessions_in(redis))) == expected


def test_closing_does_not_wait_for_a_redis_that_takes_nothing_and_loses_nothing(
    url: str, redis: Redis, spool: Path
) -> None:
    expected = [event.session_id for event in reports(2_000)]
    Spool(spool).append([encode(event) for event in reports(2_000)])
    redis.client_pause(60_000, all=False)
    began = time.monotonic()
    with Publisher(url, spool=spool):
        wait_for(lambda: threading.active_count() > 1, "the thread that sends")
    assert time.monotonic() - began < 8
    assert Spool(spool).pending()
    redis.client_unpause()
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(60)
    assert list(dict.fromkeys(sessions_in(redis))) == expected


def test_new_events_queue_up_behind_those_on_disk(url: str, server: EmbeddedValkey, redis: Redis, spool: Path) -> None:
    server.kill()
    with Publisher(url, spool=spool) as first, Publisher(url, spool=spool) as second:
        for number in range(20):
            assert (first if number % 2 else second).publish(report(str(number))) is None
        assert not first.flush(0.05)
        server.start()
        assert first.flush(20)
        assert second.publish(report("20"))
    assert sessions_in(redis) == [str(number) for number in range(21)]


def test_no_event_overtakes_those_on_disk_when_redis_is_back(url: str, redis: Redis, spool: Path) -> None:
    kept = Spool(spool)
    kept.append([encode(report("earlier"))])
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(20)
        # As if another process, which is about to send what waits, were not done yet.
        with kept.locked("flush"):
            kept.append([encode(report("waiting"))])
            assert publisher.publish(report("later")) is None
        assert publisher.flush(20)
        assert publisher.publish(report("last"))
    assert sessions_in(redis) == ["earlier", "waiting", "later", "last"]


def test_a_full_spool_is_an_error_and_what_it_holds_still_arrives(
    url: str, server: EmbeddedValkey, redis: Redis, spool: Path
) -> None:
    server.kill()
    with Publisher(url, spool=spool, spool_limit=400) as publisher:
        publisher.publish(report("kept"))
        with pytest.raises(PublishError, match="limit"):
            publisher.publish_many(reports(10))
        server.start()
        assert publisher.flush(20)
    assert sessions_in(redis) == ["kept"]


def test_a_spool_that_cannot_be_written_is_an_error(url: str, server: EmbeddedValkey, spool: Path) -> None:
    server.kill()
    with Publisher(url, spool=spool) as publisher:
        (spool / "append.lock").mkdir()
        with pytest.raises(PublishError, match="disk"):
            publisher.publish(report("s1"))
