"""Ports and passwords of the embedded stack are those of the last start, as long as nobody else has them."""

import socket
import stat
from pathlib import Path

import pytest

from worker.embedded.kept import KeptChoices
from worker.embedded.ports import HOST, Port
from worker.embedded.stack import EmbeddedStack, Ports


@pytest.fixture(autouse=True)
def nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_SERVER", "FLOWER_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def places(folder: Path, ports: Ports | None = None) -> dict[str, object]:
    """Where everything would be after a start."""
    stack = EmbeddedStack(folder, ports or Ports(), print)
    stack.keep_choices()
    return {name: place for name, place in stack.description().items() if name.endswith("_url")}


def test_a_second_start_has_the_same_addresses_and_logins(tmp_path: Path) -> None:
    assert places(tmp_path) == places(tmp_path)
    assert stat.S_IMODE((tmp_path / "kept.json").stat().st_mode) == 0o600


def test_a_port_that_somebody_else_has_is_chosen_anew_and_the_others_stay(tmp_path: Path) -> None:
    before = places(tmp_path)
    taken = KeptChoices(tmp_path, {}).port("flower", None)
    assert taken
    with socket.create_server((HOST, taken)):
        after = places(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"flower_url"}


def test_a_wanted_port_wins_and_is_kept(tmp_path: Path) -> None:
    places(tmp_path)
    wanted = Port(None, "a free one").number
    assert str(wanted) in str(places(tmp_path, Ports(desk=wanted))["desk_url"])
    assert str(wanted) in str(places(tmp_path)["desk_url"])


def test_a_broken_file_is_as_none(tmp_path: Path) -> None:
    places(tmp_path)
    (tmp_path / "kept.json").write_text("{")
    assert KeptChoices(tmp_path, {}).port("desk", None) is None


def test_a_first_start_takes_the_fixed_ports_that_are_free_and_later_ones_what_was_kept(tmp_path: Path) -> None:
    free = Port(None, "a free one").number
    with socket.create_server((HOST, 0)) as taken:
        first = KeptChoices(tmp_path, {"desk": free, "inbox": taken.getsockname()[1]})
        assert (first.port("desk", None), first.port("inbox", None)) == (free, None)
    other = Port(None, "another").number
    first.write(desk=other)
    assert KeptChoices(tmp_path, {"desk": free}).port("desk", None) == other
