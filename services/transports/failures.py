"""Errors of sockets and TLS as answers."""

import ssl

from rules.delivery import Answer, Finding, Phase


def failed(error: OSError, phase: Phase) -> Answer:
    """What an error means that ended a conversation in this phase."""
    text = described(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Answer(phase, text=text, finding=Finding.CERTIFICATE)
    if isinstance(error, ssl.SSLError) and phase is Phase.STARTTLS and not has_ended(error):
        return Answer(phase, text=text, finding=Finding.NOT_TLS)
    return Answer(phase, text=text)


def has_ended(error: ssl.SSLError) -> bool:
    """The other side went away in the handshake, which says nothing about our settings."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, TimeoutError))


def described(error: BaseException) -> str:
    """An error in a line, without anything secret: library errors name hosts and reasons only."""
    return f"{type(error).__name__}: {error}"[:300]
