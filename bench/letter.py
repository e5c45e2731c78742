"""The mail that the peers send: of the size of ours for a ticket of the same kind (tests/bench compares them)."""

from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

SENDER, TO = "desk@example.com", "support@example.com"
LINE = "The pressure stays low although the filter was cleaned twice; what was tried is below.\n"
TEXT_BYTES, HTML_BYTES = 1_600, 13_800

TEXT = (LINE * (TEXT_BYTES // len(LINE) + 1))[:TEXT_BYTES]
PARAGRAPH = f'<p style="margin:0 0 16px;font-size:16px;line-height:24px">{LINE.strip()}</p>\n'
HTML = f"<html><body>{PARAGRAPH * (HTML_BYTES // len(PARAGRAPH))}</body></html>\n"


def letter(number: str) -> MIMEMultipart:
    message = MIMEMultipart("alternative")
    message["Subject"], message["From"], message["To"] = f"Ticket {number}", SENDER, TO
    message.attach(MIMEText(TEXT, "plain", "us-ascii"))
    message.attach(MIMEText(HTML, "html", "us-ascii"))
    return message
