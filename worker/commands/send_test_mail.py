"""`python -m worker mail test`: send one mail now and explain the answer in words."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import typer

from config.mail_settings import checked_address
from config.settings import Settings, get_settings
from rules.delivery import ReplyClass, ReplyKind, ServerReply, classify
from services.mail.compose import ComposedMail, composed_of
from services.mail.i18n.labels import make_test_mail_content
from services.mail.outbox_row import MailRow
from services.transports.base import Envelope, TransportAccount
from services.transports.factory import make_transport
from worker.commands.terminal import Output, harmless

console = Output(soft_wrap=True, highlight=False)
WORDS = {
    ReplyKind.ACCEPTED: "The mail server took the mail: mail works.",
    ReplyKind.TRANSIENT: "The server cannot be reached or asks to try later. A queued mail would be retried.",
    ReplyKind.THROTTLED: "The account is sending too fast. A queued mail would wait and use up no attempt.",
    ReplyKind.CONFIGURATION: "Our settings or the account are wrong. The queue would be held until that is fixed.",
    ReplyKind.PERMANENT: "The server will never take this mail for this address.",
    ReplyKind.SPLIT: "The server wants fewer recipients at once. A queued mail would go in parts.",
    ReplyKind.UNKNOWN: "The connection ended before the server confirmed the mail: it may have arrived or not.",
}


def send_test(to: Annotated[str, typer.Option(help="Where the mail goes.")]) -> None:
    """Send a test mail now and say what the answer means; exit code 1 when the server did not take it."""
    settings = get_settings()
    try:
        address = checked_address(to)
    except ValueError as error:
        raise typer.BadParameter(f"--to {to!r} {error}") from None
    transport = make_transport(settings)
    mail = composed_of(mail_to(settings, address), None, settings, short=False)
    answer = handed_over(settings, mail, address)[address]
    reply_class = classify(answer, transport.account.provider)
    console.print(explained(transport.account, answer, reply_class), markup=False)
    if reply_class.kind is not ReplyKind.ACCEPTED:
        raise typer.Exit(1)


def handed_over(settings: Settings, mail: ComposedMail, address: str) -> dict[str, ServerReply]:
    transport = make_transport(settings)
    try:
        envelope = Envelope(settings.sender, (address,), mail.needs_smtputf8)
        return transport.send(envelope, mail.message, begin_body=lambda addresses: None)
    finally:
        transport.close()


def explained(account: TransportAccount, answer: ServerReply, reply_class: ReplyClass) -> str:
    """What the server said, what that means, and the operator's next step."""
    lines = [f"{account.key}: {told(answer)}", WORDS[reply_class.kind]]
    return "\n".join([*lines, f"What to do: {reply_class.remedy}"] if reply_class.remedy else lines)


def told(answer: ServerReply) -> str:
    words = [answer.code, answer.text or (answer.finding.value if answer.finding else "no answer")]
    return harmless(f"at {answer.phase.value}: {' '.join(str(word) for word in words if word)}")


def mail_to(settings: Settings, address: str) -> MailRow:
    """A mail that stands in no table."""
    mail_id, now = uuid4(), datetime.now(UTC)
    domain = settings.sender.rpartition("@")[2].encode("idna").decode()
    return MailRow(
        mail_id=mail_id,
        ticket_id=None,
        template="test",
        language=settings.support_language,
        lane="normal",
        rank=4,
        message_id=f"<{mail_id.hex}@{domain}>",
        content=make_test_mail_content(settings.support_language),
        queued_at=now,
        now=now,
        recipients=(address,),
    )
