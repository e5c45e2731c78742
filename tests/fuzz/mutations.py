"""Valid files with something done to them, as hasty people and broken tools would."""

from pathlib import Path
from typing import Final

from hypothesis import strategies as st

CONFIG: Final = Path(__file__).parents[2] / "config"
CONTACTS: Final = (CONFIG / "contacts.toml").read_text(encoding="utf-8")
POLICY: Final = (CONFIG / "policy.toml").read_text(encoding="utf-8")
# Values, keys and pieces of syntax that stand where they should not.
PIECES: Final = (
    "", "0", "-1", "nan", "-inf", "1e999", "0.3", "true", '""', '"x"', "'{{ x }}'", "[]", "{}", "[[[1]]]", "[1, 'a']",
    "1979-05-27T07:32:00Z", "1979-05-27", "9" * 5_000, "0x" + "f" * 4_000, "[" * 5_000, '"\\u0000"', '"\\u202e\\n"',
    "[x]", "[[contacts]]", "[ladder.low]", "key = 1", "_env_file = 'x'", "_cli_parse_args = true", "self = 1",
    "__pydantic_self__ = 1", '"a\\nb" = 1', '"" = 1', "a.b.c = 1", "version = 1", "hours = '24/7'", "hours = 1",
    "email = 'x@y'", "to = ['@']", "rungs = [1]", '"""', "#", "=", "\ufeff", "\r", "\0", "\ud800", "'", "closed = [1]",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """The text after one to four changes."""
    for _ in range(draw(st.integers(1, 4))):
        text = draw(st.sampled_from(CHANGES))(draw, text)
    return text


def line_replaced(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    place = draw(st.integers(0, len(lines) - 1))
    lines[place] = draw(st.sampled_from(PIECES) | st.just(lines[draw(st.integers(0, len(lines) - 1))]))
    return "\n".join(lines)


def line_removed(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return "\n".join(lines) or "\n"


def value_replaced(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    with_value = [place for place, line in enumerate(lines) if "=" in line] or [0]
    place = draw(st.sampled_from(with_value))
    key = lines[place].partition("=")[0]
    lines[place] = f"{key}= {draw(st.sampled_from(PIECES) | st.text(max_size=20))}"
    return "\n".join(lines)


def inserted(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.sampled_from(PIECES) | st.text(st.characters(), max_size=5)) + text[place:]


def cut_out(draw: st.DrawFn, text: str) -> str:
    start = draw(st.integers(0, len(text)))
    return text[:start] + text[start + draw(st.integers(1, 200)) :]


CHANGES: Final = (line_replaced, line_removed, value_replaced, inserted, cut_out)
