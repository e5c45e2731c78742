"""Contacts and policy: whatever is done to a valid file, it loads, or an error says what would be right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import checks
from tests.fuzz.mutations import CONTACTS, PIECES, POLICY, mutated


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "file.toml"


def written(path: Path, text: str) -> Path:
    # Half a pair of surrogates becomes bytes that are no UTF-8.
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


@given(text=mutated(CONTACTS))
def test_contacts_load_or_say_what_is_wrong(path: Path, text: str) -> None:
    checks.contacts(written(path, text))


@given(text=mutated(POLICY))
def test_a_policy_loads_or_says_what_is_wrong(path: Path, text: str) -> None:
    checks.policy(written(path, text))


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: ascii(piece[:16]))
def test_each_piece_anywhere_is_told(path: Path, piece: str) -> None:
    for text, check in ((POLICY, checks.policy), (CONTACTS, checks.contacts)):
        lines = text.split("\n")
        for changed in (f"{piece}\n{text}", f"{text}\n{piece}\n"):
            check(written(path, changed))
        for key in {line.partition("=")[0] for line in lines if "=" in line}:
            replaced = [f"{key}= {piece}" if line.startswith(f"{key}=") else line for line in lines]
            check(written(path, "\n".join(replaced)))


@given(raw=st.binary(max_size=200))
def test_bytes_that_are_no_toml_are_told(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    checks.policy(path)
    checks.contacts(path)
