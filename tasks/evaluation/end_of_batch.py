"""The end of a batch: hints, then the acknowledgement, and few mails sent at once where it is this process's turn."""

from collections.abc import Callable
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from services.delivery.lease import take_turn, turn_key
from services.escalation.process_batch import BatchResult
from services.events.finishing import Finishing
from services.events.rings import Turn
from services.events.stream import EventStream, acknowledge, has_newer, redis_client
from tasks.evaluation.batch import Written
from tasks.hints import hint, rings

logger = structlog.get_logger()

# Whether this process may send, which is known once the batch's end is done; asked before any mail is claimed.
MaySend = Callable[[], bool]
# Sends the mails that a batch led to.
Send = Callable[[BatchResult, MaySend], None]


def finish_and_send(stream: EventStream, last_id: str, written: Written, send: Send) -> None:
    """Send if no event waits and it is this process's turn; else, and whatever keeps this drain from it, senders do."""
    try:
        end = _End(stream, last_id, written)
        try:
            send(written.result, end.may_send)
        finally:
            end.may_send()
    except Exception:
        hint(_sender_for(written.result))
        raise


class _End:
    """Rings, for a sender unless this process may send, then acknowledges; whether it may, Redis must tell."""

    def __init__(self, stream: EventStream, last_id: str, written: Written) -> None:
        self._stream = stream
        self._done = written.done
        self._sender = _sender_for(written.result)
        self._names = tasks_for(replace(written.result, mails=0, urgent=0))
        self._may_send: bool | None = None
        self._finishing: Finishing | None = None
        try:
            if stream.server is redis_client():
                (otherwise,) = rings(self._sender)
                turn = Turn(turn_key(), last_id, otherwise)
                # The sender's way to its first claim takes as long as the answers.
                self._finishing = Finishing(stream, self._done, rings(*self._names), turn)
            else:
                self._finish_by_itself(is_turn=not has_newer(stream, last_id) and take_turn())
        except RedisError as error:
            self._leave_to_senders(error)

    def may_send(self) -> bool:
        """Whether it is this process's turn, once all is done.

        :raises redis.exceptions.RedisError: the batch cannot be acknowledged
        """
        if self._may_send is None and self._finishing:
            try:
                self._may_send = self._finishing.is_turn()
            except RedisError as error:
                self._leave_to_senders(error)
        return bool(self._may_send)

    def _leave_to_senders(self, error: RedisError) -> None:
        logger.warning("mail_left_to_senders", error=type(error).__name__)
        self._finish_by_itself(is_turn=False)

    def _finish_by_itself(self, *, is_turn: bool) -> None:
        self._may_send = is_turn
        hint(*self._names if is_turn else [self._sender, *self._names])
        acknowledge(self._stream, self._done)


def _sender_for(result: BatchResult) -> str:
    """Of mails of one lane."""
    return "deliver_urgent" if result.urgent else "deliver_due"


def tasks_for(result: BatchResult) -> list[str]:
    """What is to be rung for after a batch."""
    wanted = {
        "deliver_urgent": result.urgent,
        "deliver_due": result.mails > result.urgent,
        "deliver_push": result.pushes,
        "relay_outcomes": result.outcomes,
        "listen": result.to_judge,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]
