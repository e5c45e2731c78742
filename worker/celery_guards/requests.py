"""How the worker takes Celery messages, which anybody with access to the broker may have written."""

from collections.abc import Callable
from typing import Any

from celery.app.task import Task
from celery.exceptions import InvalidTaskError
from celery.worker import strategy
from celery.worker.request import Request

_OURS = "escalation."
_HIDDEN = "(not shown)"
# What a sender may say of a message (Celery documentation, "Message Protocol", version 2). All else is left out: a
# time limit that is none, say, ends the worker, and the next one as well, which gets the message back.
_HEADERS = frozenset({"lang", "task", "id", "root_id", "parent_id", "retries", "expires", "eta", "origin"})
# What Python raises on a message of the wrong shape.
_MISSHAPEN = (TypeError, ValueError, KeyError, AttributeError, RecursionError)
# Celery's `task_annotations`: for every task, whoever defined it.
FOR_EVERY_TASK = {"*": {"Request": f"{__name__}:_QuietRequest", "Strategy": f"{__name__}:_careful"}}


class _QuietRequest(Request):
    """A message whose arguments stand in no event, log or list of the worker, whatever its sender says of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._argsrepr = self._kwargsrepr = _HIDDEN

    def info(self, safe: bool = False) -> Any:
        """For `inspect active` and so for Flower's page of a worker."""
        return super().info(safe=True)


def _careful(task: Task[Any, Any], app: Any, consumer: Any, **options: Any) -> Callable[..., Any]:
    """Celery's own strategy for tasks of ours; a message of the wrong shape is refused and the worker goes on."""
    take = strategy.default(task, app, consumer, **options)

    def receive(message: Any, body: Any, *callbacks: Any, **more: Any) -> Any:
        if not str(task.name).startswith(_OURS):
            raise InvalidTaskError(f"{task.name} is not offered here")
        try:
            _check(message)
            return take(message, body, *callbacks, **more)
        except _MISSHAPEN as error:
            raise InvalidTaskError(f"the message has the wrong shape ({type(error).__name__})") from None

    return receive


def _check(message: Any) -> None:
    """Arguments, named arguments and nothing that is to happen next; strange headers are taken away.

    :raises TypeError, ValueError: the message is made otherwise
    """
    arguments, named, following = message.payload
    if not isinstance(arguments, list) or not isinstance(named, dict) or any((following or {}).values()):
        raise TypeError("no list of arguments with a mapping of named ones")
    message.headers = {name: value for name, value in message.headers.items() if name in _HEADERS}
