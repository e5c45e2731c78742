"""Addresses as the envelope of SMTP wants them: nothing that could end the command, domains in IDNA."""

from email_validator import EmailNotValidError, validate_email

from rules.delivery import Answer, Finding, Phase
from services.transports.base import Stopped


def envelope_address(address: str, needs_smtputf8: bool, offers_smtputf8: bool) -> str:
    """The address for MAIL or RCPT: in ASCII where that is possible, else as SMTPUTF8 (RFC 5891, RFC 6531).

    :raises Stopped: it is none, or the server cannot take it
    """
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True, allow_quoted_local=True)
    except EmailNotValidError as error:
        raise Stopped(Answer(Phase.RCPT, text=f"5.1.3 {error}", finding=Finding.BAD_ADDRESS)) from error
    if checked.ascii_email:
        if not needs_smtputf8 or offers_smtputf8:
            return checked.ascii_email
    elif offers_smtputf8:
        return checked.normalized
    raise Stopped(Answer(Phase.RCPT, text="5.6.7 SMTPUTF8 is not offered", finding=Finding.NO_SMTPUTF8))
