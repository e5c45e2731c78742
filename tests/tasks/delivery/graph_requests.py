"""How many requests to Microsoft Graph a mailbox may have at once, and which mails went with them."""

from collections import Counter
from email import message_from_bytes

import pytest

from tests.https_server import SEND, HttpsServer, Request
from tests.services.delivery.conftest import Setting

# "Outlook service limits": four for an application and a mailbox; one of them is for safety mail alone.
MOST, ORDINARY = 4, 3


def message_id(request: Request) -> str:
    return str(message_from_bytes(request.message)["Message-ID"])


def times_sent(cloud: HttpsServer) -> "Counter[str]":
    return Counter(message_id(request) for request in cloud.asked(SEND))


@pytest.fixture(autouse=True)
def patient(cloud: HttpsServer, setting: Setting) -> None:
    """More mails a minute than one may send to Microsoft, and time for a busy machine."""
    setting(mail_per_minute=1000, smtp_reply_seconds=30, smtp_connect_seconds=20, lock_timeout_seconds=20)
