"""A session's conversation and all that was found out in it."""

from dataclasses import dataclass

from services.conversation.parts import Confidence, Diagnosis, Evidence, Message, Request, Step
from services.conversation.summary import LONGEST, summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Everything in the order of its time; steps in the order of their numbers.

    `evidence` holds whatever the rules fired for, `hurt` what was said of injuries (said, denied, unknown).
    """

    session_id: str
    messages: tuple[Message, ...] = ()
    steps: tuple[Step, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    confidences: tuple[Confidence, ...] = ()
    requests: tuple[Request, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    hurt: str = "unknown"

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The latest."""
        return self.diagnoses[-1] if self.diagnoses else None

    @property
    def category(self) -> str | None:
        """The kind of problem by the latest diagnosis; it may be any text."""
        return self.diagnosis.category if self.diagnosis else None

    def message(self, message_id: str | None) -> Message | None:
        """The message with this id."""
        return next((message for message in self.messages if message.message_id == message_id), None)

    def summary(self, limit: int = LONGEST) -> str:
        """The session in some lines of plain text: the problem, what was tried, what is unknown."""
        return summarise(self.messages, self.steps, self.diagnosis, limit)
