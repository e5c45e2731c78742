"""A mistake in a word list is named: the file, the entry and what would be right."""

import shutil
from pathlib import Path

import pytest

from config.errors import ConfigurationError
from config.lexicon import FOLDER, load_folder
from rules.detection import detect

SMALL = """
language = "en"
name = "English"
[function]
the = ["the", "a", "is"]
[classes]
smoke = ["smoke", "black smoke"]
[[entries]]
id = "smoke"
kind = "safety_concern"
gloss = "smoke"
patterns = ["<smoke> is|was? coming"]
match = ["smoke coming"]
no_match = ["steam"]
"""


def folder(tmp_path: Path, text: str, name: str = "en.toml") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_small_list_is_enough(tmp_path: Path) -> None:
    lexicon = load_folder(folder(tmp_path, SMALL))
    found = detect("look, black smoke coming", "en", lexicon).danger
    assert found
    assert found.phrase == "black smoke coming"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"<smoke> is|was? coming"', '"<smog> coming"', ["en.toml", "<smog>", "no such class"]),
        ('"<smoke> is|was? coming"', '"smoke {3} coming"', ["en.toml", "smoke", "'{3}' cannot be read"]),
        ('"<smoke> is|was? coming"', '"the is"', ["en.toml", "smoke", "no function word"]),
        ('"<smoke> is|was? coming"', '"sm* coming"', ["en.toml", "sm*", "at least 3 letters"]),
        ('"black smoke"', '"<smoke>"', ["en.toml", "<smoke>", "refers to itself"]),
        ('gloss = "smoke"\n', "", ["en.toml", "line 8", "entries[1].gloss", "is missing"]),
        ('match = ["smoke coming"]', "match = []", ["en.toml", "match", "at least 1"]),
        ('"safety_concern"', '"danger"', ["en.toml", "kind", "danger", "safety_concern"]),
        ('language = "en"', 'language = "el"', ["en.toml", "'el'", "should be 'en'"]),
        ('name = "English"', 'name = "English"\ncolour = "red"', ["en.toml", "colour", "not known"]),
        ("[classes]", "[classes", ["en.toml", "not TOML"]),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, told: list[str]) -> None:
    assert old in SMALL
    with pytest.raises(ConfigurationError) as error:
        load_folder(folder(tmp_path, SMALL.replace(old, new)))
    assert [part for part in told if part not in str(error.value)] == []


def test_an_id_given_twice_is_named(tmp_path: Path) -> None:
    entry = SMALL[SMALL.index("[[entries]]") :]
    with pytest.raises(ConfigurationError, match=r"twice there: smoke"):
        load_folder(folder(tmp_path, SMALL + entry))


def test_a_scope_says_where_the_finding_stands(tmp_path: Path) -> None:
    scope = SMALL[SMALL.index("[[entries]]") :].replace("entries", "scopes").replace("kind = ", "effect = ")
    scope = scope.replace("safety_concern", "denied").replace("<smoke> is|was? coming", "without smoke")
    with pytest.raises(ConfigurationError, match="one @"):
        load_folder(folder(tmp_path, SMALL + scope))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no word list is there"):
        load_folder(tmp_path)


def test_lists_can_be_copied_and_changed(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(FOLDER, tmp_path / "lists"))
    text = (copied / "no.toml").read_text(encoding="utf-8")
    (copied / "no.toml").write_text(
        text.replace('"kundeservice"', '"kundeservice", "flåtetelefonen"'), encoding="utf-8"
    )
    assert detect("kan jeg snakke med flåtetelefonen", "no", load_folder(copied)).handoff
