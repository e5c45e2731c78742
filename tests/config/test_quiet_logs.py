"""Sweeps that found nothing are no news: they are DEBUG, and all else stays as loud as it was."""

import json
import logging

import pytest

from config.logging import configure_logging
from config.settings import Settings

ENDED = "Task %(name)s[%(id)s] succeeded in %(runtime)ss: %(return_value)s"


def say(level: str, logger: str, text: str, *arguments: object) -> None:
    urls = {"database_url": "postgresql://h/d", "redis_url": "redis://h/0"}
    configure_logging(Settings.model_validate({**urls, "log_level": level, "log_format": "json"}))
    logging.getLogger(logger).info(text, *arguments)


def ended(result: str, name: str = "escalation.drain_events") -> dict[str, object]:
    return {"name": name, "id": "1", "runtime": 0.1, "return_value": repr(result)}


@pytest.mark.parametrize("result", ["idle", "published=0", "due=0 posted=0", "webhook=unset", "clean heartbeat=sent"])
def test_a_sweep_that_found_nothing_is_debug(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    say("INFO", "celery.app.trace", ENDED, ended(result))
    assert capsys.readouterr().err == ""
    say("DEBUG", "celery.app.trace", ENDED, ended(result))
    assert json.loads(capsys.readouterr().err)["level"] == "debug"


@pytest.mark.parametrize("result", ["events=37 tickets=2", "published=10", "noticed=1", "sent=0 failed=3"])
def test_a_sweep_that_did_something_is_told(result: str, capsys: pytest.CaptureFixture[str]) -> None:
    say("INFO", "celery.app.trace", ENDED, ended(result))
    assert result in capsys.readouterr().err


def test_queues_that_are_well_are_no_news_whatever_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    say("INFO", "celery.app.trace", ENDED, ended("stream_lag=12", "escalation.queue_health"))
    assert capsys.readouterr().err == ""


def test_what_is_announced_is_debug_and_the_rest_of_the_same_logger_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    say("INFO", "celery.beat", "Scheduler: Sending due task %s (%s)", "drain_events", "escalation.drain_events")
    say("INFO", "celery.worker.strategy", "Task %(name)s[%(id)s] received", {"name": "x", "id": "1"})
    assert capsys.readouterr().err == ""
    say("INFO", "celery.beat", "beat: Starting...")
    assert "Starting" in capsys.readouterr().err
