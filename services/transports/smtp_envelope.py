"""The first half of a message's conversation: who sends it, and which recipients the server takes (RFC 5321, 1870)."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from rules.delivery import LocalFault, Phase, ServerReply
from services.transports.base import ConversationEnded, Envelope
from services.transports.smtp_connection import SmtpConnection
from services.transports.smtp_exchange import EnvelopeCommands


@lru_cache(maxsize=256)
def _parsed(address: str) -> ValidatedEmail:
    """The same few people get most mails."""
    return validate_email(address, check_deliverability=False, test_environment=True, allow_quoted_local=True)


def _envelope_address(address: str, needs_smtputf8: bool, offers_smtputf8: bool) -> str:
    """The address for MAIL or RCPT: in ASCII where that is possible, else as SMTPUTF8 (RFC 5891, RFC 6531).

    :raises ConversationEnded: it is none, or the server cannot take it
    """
    try:
        checked = _parsed(address)
    except EmailNotValidError as error:
        raise ConversationEnded(
            ServerReply(Phase.RCPT, text=f"5.1.3 {error}", finding=LocalFault.BAD_ADDRESS)
        ) from error
    if checked.ascii_email:
        if not needs_smtputf8 or offers_smtputf8:
            return checked.ascii_email
    elif offers_smtputf8:
        return checked.normalized
    raise ConversationEnded(
        ServerReply(Phase.RCPT, text="5.6.7 SMTPUTF8 is not offered", finding=LocalFault.NO_SMTPUTF8)
    )


def _sender_address(sender: str, offers_smtputf8: bool) -> str:
    """The sender for MAIL; a server's user name need not be an address, so only what could break the command is not
    taken.

    :raises ConversationEnded: it cannot be written there
    """
    if sender.isascii():
        if re.fullmatch(r"[^\s<>\x00-\x1f\x7f]*", sender):
            return sender
        raise ConversationEnded(ServerReply(Phase.MAIL, text="the sender is no address", finding=LocalFault.BAD_SENDER))
    try:
        return _envelope_address(sender, False, offers_smtputf8)
    except ConversationEnded as stop:
        raise ConversationEnded(ServerReply(Phase.MAIL, text=stop.answer.text, finding=LocalFault.BAD_SENDER)) from None


def envelope_commands(
    conversation: SmtpConnection, envelope: Envelope, size: int, answers: dict[str, ServerReply]
) -> EnvelopeCommands:
    """MAIL and RCPT as this server takes them; the answers of addresses that cannot be offered are added.

    :raises ConversationEnded: the message cannot be offered at all
    """
    largest = conversation.largest
    if largest is not None and size > largest:
        text = f"5.3.4 the message has {size} bytes, the server takes {largest}"
        raise ConversationEnded(ServerReply(Phase.MAIL, text=text, finding=LocalFault.TOO_LARGE))
    offers_utf8 = conversation.has_extn("smtputf8")
    spelled = _spell(envelope, offers_utf8, answers)
    sender = _sender_address(envelope.sender, offers_utf8)
    utf8 = envelope.needs_smtputf8 or not all(map(str.isascii, [sender, *spelled.values()]))
    options = (f" SIZE={size}" if conversation.has_extn("size") else "") + (" SMTPUTF8" if utf8 else "")
    recipients = {address: f"RCPT TO:<{written}>".encode() for address, written in spelled.items()}
    return EnvelopeCommands(f"MAIL FROM:<{sender}>{options}".encode(), recipients)


def offer(conversation: SmtpConnection, envelope: Envelope, size: int, answers: dict[str, ServerReply]) -> list[str]:
    """MAIL and RCPT: the recipients that the server takes; the answers of the others are added.

    :raises ConversationEnded: the message concerns nobody any more
    """
    commands = envelope_commands(conversation, envelope, size, answers)
    if not commands.recipients:
        return []
    conversation.command_encoding = "utf-8"
    conversation.demand(Phase.MAIL, commands.mail.decode())
    return [address for address, line in commands.recipients.items() if _is_taken(conversation, address, line, answers)]


def _is_taken(conversation: SmtpConnection, address: str, line: bytes, answers: dict[str, ServerReply]) -> bool:
    answer = conversation.ask(Phase.RCPT, line.decode())
    if answer.code == 421 or answer.lost:
        # The server ends the conversation: nobody gets this message, also those who were taken before.
        raise ConversationEnded(answer)
    if answer.code in {250, 251, 252}:
        return True
    answers[address] = answer
    return False


def _spell(envelope: Envelope, offers_utf8: bool, answers: dict[str, ServerReply]) -> dict[str, str]:
    """Each address as the envelope wants it; those that cannot be written there get their answer."""
    spelled: dict[str, str] = {}
    for address in envelope.recipients:
        try:
            spelled[address] = _envelope_address(address, envelope.needs_smtputf8, offers_utf8)
        except ConversationEnded as stop:
            answers[address] = stop.answer
    return spelled
