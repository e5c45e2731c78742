"""What a worker tells of its broker to `celery inspect stats` and to Flower, without the Sentinels' login."""

from typing import Any

from celery import bootsteps
from celery.worker.consumer.connection import Connection


class ToldOptionsStep(bootsteps.StartStopStep):
    """Celery tells all options of the transport; it hides the broker's password and knows no other."""

    requires = (Connection,)

    def info(self, parent: Any) -> dict[str, Any]:  # type: ignore[override]
        """The same as Celery's own step says, which came before; this one is taken instead."""
        (connection,) = (step for step in parent.steps if isinstance(step, Connection))
        told: dict[str, Any] = connection.info(parent)
        if isinstance(told["broker"], dict):
            options = told["broker"].get("transport_options") or {}
            told["broker"]["transport_options"] = {
                name: value for name, value in options.items() if name != "sentinel_kwargs"
            }
        return told
