"""The composition root: `celery -A worker …` and `python -m worker …` both begin here."""

import gc
import sys
from pathlib import Path
from typing import Any

# The script `celery` knows the working directory only while it imports this, and most is imported later.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from config.errors import ConfigurationError

__version__ = "1.0.0"


def __getattr__(name: str) -> Any:
    # Celery asks for `worker.app`; the command line's --help should not pay for importing it.
    if name in {"app", "celery"}:
        from worker.celery_program import go_on_lean

        check_settings()
        go_on_lean()
        from worker.celery_app import app

        return app
    raise AttributeError(f"module 'worker' has no attribute {name!r}")


def check_settings() -> None:
    """End `celery -A worker …` with what is wrong in words; Celery would show where in its code it was found."""
    from config.settings import get_settings

    try:
        get_settings()
    except ConfigurationError as error:
        raise SystemExit(f"A setting is wrong:\n{error}") from None


def load_word_lists() -> None:
    """Read them for this process and its children; end the program with what is wrong in words."""
    from config.lexicon import load_lexicon

    try:
        load_lexicon()
    except ConfigurationError as error:
        raise SystemExit(f"The worker does not start:\n{error}") from None
    # What made them is full of circles, and 14 MB: the modules that are imported next go where it was.
    gc.collect()
