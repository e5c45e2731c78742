"""Reading from event loops what came of events."""

from collections.abc import Collection
from functools import partial
from types import TracebackType
from typing import Self

from escalation_client.connection import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    LONGEST_BLOCK_SECONDS,
    LoopConnections,
    connect_async,
)
from escalation_client.events import STREAM_OUTCOMES
from escalation_client.history import KEPT_QUESTIONS, STREAM_QUESTIONS, History, Question
from escalation_client.outcomes import Outcome
from escalation_client.reader import asking
from escalation_client.waiting import BEGINNING, COUNT, Wait, block_of, last_id, outcomes_in


class AsyncOutcomeReader:
    """`OutcomeReader` for event loops. The parameters are the same."""

    def __init__(self, url: str, *, connect_timeout: float = CONNECT_SECONDS, timeout: float = ANSWER_SECONDS) -> None:
        self.connections = LoopConnections(
            partial(connect_async, url, connect_timeout, LONGEST_BLOCK_SECONDS + timeout)
        )

    async def position(self) -> str:
        """As `OutcomeReader.position`."""
        with asking():
            return last_id(await self.connections.redis.xrevrange(STREAM_OUTCOMES, count=1))

    async def read(self, after: str = BEGINNING, *, wait: float = 0.0) -> list[Outcome]:
        """As `OutcomeReader.read`."""
        with asking():
            return outcomes_in(
                await self.connections.redis.xread({STREAM_OUTCOMES: after}, count=COUNT, block=block_of(wait))
            )

    async def wait_for_outcome(
        self, session_id: str, timeout: float, *, after: str = BEGINNING, types: Collection[str] = ()
    ) -> Outcome | None:
        """As `OutcomeReader.wait_for_outcome`."""
        search = Wait(session_id, timeout, after, types)
        while search.goes_on():
            with asking():
                answer = await self.connections.redis.xread(**search.question())
            if outcome := search.found(answer):
                return outcome
        return None

    async def history(self, session_id: str, *, timeout: float = 5.0) -> History:
        """As `OutcomeReader.history`."""
        question, popped = Question.about(session_id, timeout), None
        with asking():
            await self.connections.redis.xadd(STREAM_QUESTIONS, question.fields(), maxlen=KEPT_QUESTIONS)
            while popped is None and (patience := question.patience()):
                popped = await self.connections.redis.blpop([question.answer_key], timeout=patience)
        return question.history_in(popped)

    async def aclose(self) -> None:
        """Close this loop's connections."""
        await self.connections.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
