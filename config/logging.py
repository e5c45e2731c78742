"""Logs: JSON in production, readable in a terminal; one event name and ids, never texts or addresses at INFO."""

import logging
import sys
from json import JSONEncoder
from typing import Any

import structlog

from config.quiet_logs import quieten
from config.settings import Settings

# It logs the whole body of a message that it refuses, which may hold texts of users.
_SHOWS_BODIES = "celery.worker.consumer.consumer"
# structlog's own renderer makes an encoder for each line.
_JSON = JSONEncoder(ensure_ascii=False, default=repr)

# What each line has, whoever writes it.
_OF_EVERY_LINE = ("timestamp", "level", "logger", "event")


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's records to standard error in one shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = _surely(_renderer(settings))
    structlog.configure(
        processors=[*shared, lambda *event: _Line(render(*event))],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(foreign_pre_chain=shared, processor=render))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    quieten()
    logging.getLogger(_SHOWS_BODIES).addFilter(_without_body)


class _Line(str):
    """A line as it is to be written."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders the standard library's records alone; a line of structlog's would take twice as long here."""

    def format(self, record: logging.LogRecord) -> str:
        return record.msg if isinstance(record.msg, _Line) else super().format(record)


def _without_body(record: logging.LogRecord) -> bool:
    """Keep what happened, and leave out what the message held."""
    record.msg = record.getMessage().strip().partition("\n")[0].partition(" [type:")[0]
    record.args = ()
    return True


def _renderer(settings: Settings) -> structlog.typing.Processor:
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    if console:
        return structlog.dev.ConsoleRenderer()
    return lambda _logger, _name, event: _JSON.encode(event)


def _surely(render: structlog.typing.Processor) -> structlog.typing.Processor:
    """A line that cannot be rendered says what happened all the same: to log must not fail what has gone well."""

    def line(logger: Any, name: str, event: structlog.typing.EventDict) -> Any:
        try:
            # A renderer may take the members out.
            return render(logger, name, dict(event))
        except Exception as error:
            known = {member: event[member] for member in _OF_EVERY_LINE if isinstance(event.get(member), str)}
            return render(logger, name, {"event": "", **known, "line_error": type(error).__name__})

    return line
