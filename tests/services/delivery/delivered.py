"""Messages as a mail server has put them into a mailbox."""

from email import message_from_bytes, policy
from email.message import EmailMessage

# What the server puts before the message when it delivers it.
ADDED = ("Return-Path", "Delivered-To", "Received", "X-Original-To")


def parsed(delivered: bytes) -> EmailMessage:
    message = message_from_bytes(delivered, policy=policy.SMTPUTF8)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def as_sent(delivered: bytes) -> bytes:
    """The message without what the server added at its top."""
    first = next(name for name in parsed(delivered) if name not in ADDED)
    return delivered[delivered.index(f"\n{first}:".encode()) + 1 :].replace(b"\n", b"\r\n")
