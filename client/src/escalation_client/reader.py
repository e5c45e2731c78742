"""Reading from threads and processes what came of events."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from redis.exceptions import RedisError

from escalation_client.connection import ANSWER_SECONDS, CONNECT_SECONDS, LONGEST_BLOCK_SECONDS, connect
from escalation_client.errors import ReadError
from escalation_client.events import STREAM_OUTCOMES
from escalation_client.history import KEPT_QUESTIONS, STREAM_QUESTIONS, History, Question
from escalation_client.outcomes import Outcome
from escalation_client.waiting import BEGINNING, COUNT, Wait, block_of, last_id, outcomes_in


class OutcomeReader:
    """Reads outcomes: tickets opened, mails accepted, tickets taken on by somebody. Every method raises `ReadError`.

    :param url: `redis://`, `rediss://`, `unix://`, or `redis-sentinel://` (`escalation_client.sentinel`), with the
        password in it
    :param connect_timeout: seconds to wait for a connection
    :param timeout: seconds to wait for an answer
    """

    def __init__(self, url: str, *, connect_timeout: float = CONNECT_SECONDS, timeout: float = ANSWER_SECONDS) -> None:
        self.redis = connect(url, connect_timeout, LONGEST_BLOCK_SECONDS + timeout)

    def position(self) -> str:
        """The stream's newest id, to wait for what comes after it.

        It raises while Redis is away: never ask before publishing, but use `publish_and_wait`, which publishes first.
        """
        with asking():
            return last_id(self.redis.xrevrange(STREAM_OUTCOMES, count=1))

    def read(self, after: str = BEGINNING, *, wait: float = 0.0) -> list[Outcome]:
        """Outcomes of all sessions after a place in the stream; waits up to `wait` seconds, at most 2, for one."""
        with asking():
            return outcomes_in(self.redis.xread({STREAM_OUTCOMES: after}, count=COUNT, block=block_of(wait)))

    def wait_for_outcome(
        self, session_id: str, timeout: float, *, after: str = BEGINNING, types: Collection[str] = ()
    ) -> Outcome | None:
        """The session's first outcome of one of these types (of any, if none is named); None after `timeout` seconds.

        Pass as `after` the `position` of a receipt, or an earlier outcome of the session may be found.
        """
        search = Wait(session_id, timeout, after, types)
        while search.goes_on():
            with asking():
                answer = self.redis.xread(**search.question())
            if outcome := search.found(answer):
                return outcome
        return None

    def history(self, session_id: str, *, timeout: float = 5.0) -> History:
        """Why the session did or did not escalate, as a worker says within `timeout` seconds."""
        question, popped = Question.about(session_id, timeout), None
        with asking():
            self.redis.xadd(STREAM_QUESTIONS, question.fields(), maxlen=KEPT_QUESTIONS)
            while popped is None and (patience := question.patience()):
                popped = self.redis.blpop([question.answer_key], timeout=patience)
        return question.history_in(popped)

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def asking() -> Iterator[None]:
    """Errors of Redis become ours."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise ReadError(f"Redis does not answer: {error}") from error
