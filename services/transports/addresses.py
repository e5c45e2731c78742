"""Addresses as the envelope of SMTP wants them: nothing that could end the command, domains in IDNA."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from rules.delivery import Answer, Finding, Phase
from services.transports.base import Stopped


@lru_cache(maxsize=256)
def parsed(address: str) -> ValidatedEmail:
    """The same few people get most mails."""
    return validate_email(address, check_deliverability=False, test_environment=True, allow_quoted_local=True)


def envelope_address(address: str, needs_smtputf8: bool, offers_smtputf8: bool) -> str:
    """The address for MAIL or RCPT: in ASCII where that is possible, else as SMTPUTF8 (RFC 5891, RFC 6531).

    :raises Stopped: it is none, or the server cannot take it
    """
    try:
        checked = parsed(address)
    except EmailNotValidError as error:
        raise Stopped(Answer(Phase.RCPT, text=f"5.1.3 {error}", finding=Finding.BAD_ADDRESS)) from error
    if checked.ascii_email:
        if not needs_smtputf8 or offers_smtputf8:
            return checked.ascii_email
    elif offers_smtputf8:
        return checked.normalized
    raise Stopped(Answer(Phase.RCPT, text="5.6.7 SMTPUTF8 is not offered", finding=Finding.NO_SMTPUTF8))


def sender_address(sender: str, offers_smtputf8: bool) -> str:
    """The sender for MAIL; a server's user name need not be an address, so only what could break the command is not
    taken.

    :raises Stopped: it cannot be written there
    """
    if sender.isascii():
        if re.fullmatch(r"[^\s<>\x00-\x1f\x7f]*", sender):
            return sender
        raise Stopped(Answer(Phase.MAIL, text="the sender is no address", finding=Finding.BAD_SENDER))
    try:
        return envelope_address(sender, False, offers_smtputf8)
    except Stopped as stop:
        raise Stopped(Answer(Phase.MAIL, text=stop.answer.text, finding=Finding.BAD_SENDER)) from None
