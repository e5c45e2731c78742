"""Lines of structlog and of the standard library have one shape, whatever is in them."""

import json
import logging
from typing import Any
from uuid import UUID

import pytest
import structlog

from config.logging import configure_logging
from config.settings import Settings

URLS = {"database_url": "postgresql://h/d", "redis_url": "redis://h/0"}
ID = UUID("6f0f7c0e-2f57-5a3e-9d1c-0a5a3f2b7c11")


def configure(log_format: str) -> None:
    configure_logging(Settings.model_validate({**URLS, "log_level": "INFO", "log_format": log_format}))


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_both_write_the_same_members(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger("a.name").info("100%s né", mail_id=ID, states=["accepted"])
    logging.getLogger("a.name").info("100%% %s", "né")

    ours, other = written(capsys)

    assert ours.pop("timestamp") <= other.pop("timestamp")
    assert (ours.pop("mail_id"), ours.pop("states")) == (repr(ID), ["accepted"])
    assert (ours.pop("event"), other.pop("event")) == ("100%s né", "100% né")
    assert ours == {"level": "info", "logger": "a.name"}
    assert other == {"level": "info", "logger": "a.name"}


def test_both_write_an_exception_into_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    for logger in (structlog.get_logger("a.name"), logging.getLogger("a.name")):
        try:
            int("no number")
        except ValueError:
            logger.exception("failed")

    for line in written(capsys):
        assert (line["level"], line["event"]) == ("error", "failed")
        assert "ValueError: invalid literal" in line["exception"]


class Nameless:
    def __repr__(self) -> str:
        raise LookupError("no name")


CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    ("value", "error"), [({ID: 1}, "TypeError"), (CIRCULAR, "ValueError"), (Nameless(), "LookupError")]
)
def test_what_cannot_be_written_fails_nobody_and_its_line_says_so(
    value: Any, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("json")
    structlog.get_logger("a.name").info("mail_sent", value=value, mail_id=ID)

    (line,) = written(capsys)

    assert line.pop("timestamp")
    assert line == {"event": "mail_sent", "level": "info", "logger": "a.name", "line_error": error}


def test_an_event_that_is_no_text_and_cannot_be_written_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger("a.name").info(Nameless())

    (line,) = written(capsys)

    assert (line["event"], line["logger"], line["line_error"]) == ("", "a.name", "LookupError")


def test_a_terminal_shows_what_happened_though_it_cannot_show_all(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console")
    structlog.get_logger("a.name").warning("mail_sent", value=Nameless())

    (line,) = capsys.readouterr().err.splitlines()

    assert all(part in line for part in ("warning", "mail_sent", "a.name", "LookupError"))


def test_a_terminal_shows_both(capsys: pytest.CaptureFixture[str]) -> None:
    configure("console")
    structlog.get_logger("a.name").warning("of ours", code=250)
    logging.getLogger("a.name").warning("of others")

    ours, other = capsys.readouterr().err.splitlines()

    assert "of ours" in ours
    assert "250" in ours
    assert "of others" in other
