"""Logs: JSON in production, readable in a terminal; one event name and ids, never texts or addresses at INFO."""

import logging
import sys

import structlog

from config.quiet_logs import quieten
from config.settings import Settings

# It logs the whole body of a message that it refuses, which may hold texts of users.
_SHOWS_BODIES = "celery.worker.consumer.consumer"


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's records to standard error in one shape."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=_renderer(settings)))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    quieten()
    logging.getLogger(_SHOWS_BODIES).addFilter(_without_body)


def _without_body(record: logging.LogRecord) -> bool:
    """Keep what happened, and leave out what the message held."""
    record.msg = record.getMessage().strip().partition("\n")[0].partition(" [type:")[0]
    record.args = ()
    return True


def _renderer(settings: Settings) -> structlog.typing.Processor:
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    if console:
        return structlog.dev.ConsoleRenderer()
    return structlog.processors.JSONRenderer(ensure_ascii=False)
