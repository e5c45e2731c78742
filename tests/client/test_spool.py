"""Events on disk: all or none, in order, bounded, and whole after a crash."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation_client.spool import SEGMENT_BYTES, Spool, SpoolFull


def sent(spool: Spool) -> list[str]:
    """What a flush sends."""
    lines: list[str] = []
    assert spool.flush(lines.extend)
    return lines


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def test_what_was_appended_is_sent_in_order_and_then_gone(spool: Path) -> None:
    kept = Spool(spool)
    kept.append(numbers(0, 1_500))
    kept.append(numbers(1_500, 1_501))
    assert kept.pending()
    assert sent(kept) == numbers(0, 1_501)
    assert not kept.pending()


@settings(deadline=None, max_examples=25)
@given(calls=st.lists(st.lists(st.integers(), min_size=1, max_size=30), max_size=12))
def test_any_calls_come_out_as_they_went_in(calls: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    kept = Spool(tmp_path_factory.mktemp("spool"))
    for call in calls:
        kept.append([str(number) for number in call])
    assert sent(kept) == [str(number) for call in calls for number in call]


def test_a_large_backlog_lies_in_several_files_and_stays_in_order(spool: Path) -> None:
    kept = Spool(spool)
    line = '"' + "x" * (SEGMENT_BYTES // 4) + '"'
    for _ in range(20):
        kept.append([line])
    assert len(kept.segments()) > 2
    kept.append(["1"])
    assert sent(kept) == [line] * 20 + ["1"]


def test_what_is_appended_while_sending_follows(spool: Path) -> None:
    kept = Spool(spool)
    lines: list[str] = []

    def send(batch: Sequence[str]) -> None:
        if not lines:
            kept.append(["2"])
        lines.extend(batch)

    kept.append(["1"])
    assert kept.flush(send)
    assert lines == ["1", "2"]


def test_a_failure_to_send_keeps_everything(spool: Path) -> None:
    def refuse(_: Sequence[str]) -> None:
        raise ConnectionError("away")

    kept = Spool(spool)
    kept.append(numbers(0, 3))
    with pytest.raises(ConnectionError):
        kept.flush(refuse)
    assert sent(kept) == numbers(0, 3)


def test_two_never_flush_at_once(spool: Path) -> None:
    mine, other = Spool(spool), Spool(spool)
    mine.append(["1"])
    answers: list[bool] = []
    assert mine.flush(lambda _: answers.append(other.flush(lambda _: None)))
    assert answers == [False]


def test_a_full_spool_refuses_the_whole_call_and_keeps_what_it_has(spool: Path) -> None:
    kept = Spool(spool, limit_bytes=10)
    kept.append(["111"])
    with pytest.raises(SpoolFull, match="limit is 10"):
        kept.append(["2", "33333333"])
    kept.append(["44"])
    assert sent(kept) == ["111", "44"]
    kept.append(["2", "333333"])


def test_a_line_that_a_dying_process_left_unfinished_hurts_no_other(
    spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Spool(spool)
    kept.append(['{"a":1}'])
    with kept.open_file.open("ab") as file:
        file.write(b'{"b":2')
    kept.append(['{"c":3}'])
    assert sent(kept) == ['{"a":1}', '{"c":3}']
    assert "unfinished" in caplog.text


def test_only_its_owner_can_read_it(spool: Path) -> None:
    kept = Spool(spool)
    kept.append(["1"])
    assert stat.S_IMODE(spool.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.open_file.stat().st_mode) == 0o600
