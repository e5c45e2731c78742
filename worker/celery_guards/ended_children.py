"""Replaces a child that has ended, or was killed, within half a second."""

from typing import Any, Final

from celery import bootsteps

_SECONDS: Final = 0.5


class EndedChildrenStep(bootsteps.StartStopStep):
    """Celery looks when a child's pipe closes, which the kernel does first: mostly too early to find it ended.

    It looks again after five seconds, and meanwhile a task may wait for that child.
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: Any) -> None:
        # None where the pool needs no loop.
        if parent.hub:
            parent.hub.call_repeatedly(_SECONDS, parent.pool.maintain_pool)
