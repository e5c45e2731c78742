"""The first half of a message's conversation: who sends it, and which recipients the server takes (RFC 5321, 1870)."""

from rules.delivery import Answer, Finding, Phase
from services.transports.addresses import envelope_address, sender_address
from services.transports.base import Envelope, Stopped
from services.transports.conversation import Conversation


def offer(conversation: Conversation, envelope: Envelope, size: int, answers: dict[str, Answer]) -> list[str]:
    """MAIL and RCPT: the recipients that the server takes; the answers of the others are added.

    :raises Stopped: the message concerns nobody any more
    """
    largest = conversation.largest
    if largest is not None and size > largest:
        text = f"5.3.4 the message has {size} bytes, the server takes {largest}"
        raise Stopped(Answer(Phase.MAIL, text=text, finding=Finding.TOO_LARGE))
    offers_utf8 = conversation.has_extn("smtputf8")
    spelled = spell(envelope, offers_utf8, answers)
    if not spelled:
        return []
    sender = sender_address(envelope.sender, offers_utf8)
    utf8 = envelope.needs_smtputf8 or not all(map(str.isascii, [sender, *spelled.values()]))
    conversation.command_encoding = "utf-8" if utf8 else "ascii"
    options = (f" SIZE={size}" if conversation.has_extn("size") else "") + (" SMTPUTF8" if utf8 else "")
    conversation.demand(Phase.MAIL, "MAIL", f"FROM:<{sender}>{options}")
    return [address for address in spelled if is_taken(conversation, address, spelled[address], answers)]


def is_taken(conversation: Conversation, address: str, spelled: str, answers: dict[str, Answer]) -> bool:
    answer = conversation.ask(Phase.RCPT, "RCPT", f"TO:<{spelled}>")
    if answer.code == 421 or answer.lost:
        # The server ends the conversation: nobody gets this message, also those who were taken before.
        raise Stopped(answer)
    if answer.code in {250, 251, 252}:
        return True
    answers[address] = answer
    return False


def spell(envelope: Envelope, offers_utf8: bool, answers: dict[str, Answer]) -> dict[str, str]:
    """Each address as the envelope wants it; those that cannot be written there get their answer."""
    spelled: dict[str, str] = {}
    for address in envelope.recipients:
        try:
            spelled[address] = envelope_address(address, envelope.needs_smtputf8, offers_utf8)
        except Stopped as stop:
            answers[address] = stop.answer
    return spelled
