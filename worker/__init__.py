"""The composition root: `celery -A worker …` and `python -m worker …` both begin here."""

from typing import Any


def __getattr__(name: str) -> Any:
    # Celery asks for `worker.app`; the command line's --help should not pay for importing Celery.
    if name in {"app", "celery"}:
        from worker.celery_app import app

        return app
    raise AttributeError(f"module 'worker' has no attribute {name!r}")
