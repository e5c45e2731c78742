"""What says nothing new every few seconds is DEBUG: that a sweep is due, has come, and has found nothing."""

import logging
import re
from typing import Final

_TASK_ENDED: Final = "celery.app.trace"
# Each line of these is said again, with more, by the one about the task's end.
_ANNOUNCED: Final = {"celery.worker.strategy": "Task %(name)s", "celery.beat": "Scheduler: Sending due task"}
# Results are counts, such as events=0, or words, such as idle.
_FOUND: Final = re.compile(r"=[^\s']*[1-9]")
# It ends well while all limits are kept, whatever the numbers are, and is an error when not.
_WELL_IF_IT_ENDS: Final = "escalation.queue_health"


def quieten() -> None:
    """For all that is logged from now on."""
    logging.getLogger(_TASK_ENDED).addFilter(_idle_is_debug)
    for name in _ANNOUNCED:
        logging.getLogger(name).addFilter(_announcement_is_debug)


def _idle_is_debug(record: logging.LogRecord) -> bool:
    data = record.args
    if record.levelno != logging.INFO or not isinstance(data, dict) or "return_value" not in data:
        return True
    if data.get("name") == _WELL_IF_IT_ENDS or not _FOUND.search(str(data["return_value"])):
        return _as_debug(record)
    return True


def _announcement_is_debug(record: logging.LogRecord) -> bool:
    is_one = record.levelno == logging.INFO and str(record.msg).startswith(_ANNOUNCED[record.name])
    return _as_debug(record) if is_one else True


def _as_debug(record: logging.LogRecord) -> bool:
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logging.getLogger().isEnabledFor(logging.DEBUG)
