"""What can go wrong between an assistant and the worker, beyond an event that cannot be (`InvalidEvent`)."""


class EscalationError(Exception):
    """The root of these."""


class PublishError(EscalationError):
    """Events are neither in Redis nor on disk; the text says why. Publishing them again is safe."""


class ReadError(EscalationError):
    """Redis could not be asked; the text says why."""


class InvalidOutcome(EscalationError):
    """An entry of the outcome stream that is no outcome of version 1."""
