"""django-post_office at work, run by the peers' interpreter; prints the seconds for queueing and for sending as JSON.

Its own command for sending and its own settings, but for the batch's size: five times its own is faster. The content
is ready, or rendered by the application before it is queued.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from bench.letter import HTML, SENDER, TEXT, TO
from bench.peers.rendering import TicketMail

# Subject, text and HTML about the ticket of a number.
Write: TypeAlias = Callable[[str], tuple[str, str, str]]


def configure(database: str, port: int, secured: bool, batch: int) -> None:
    url = urlsplit(database)
    server = {"NAME": url.path[1:], "USER": url.username or "", "HOST": parse_qs(url.query)["host"][0]}
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **server}},
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates"},
            {"BACKEND": "post_office.template.backends.post_office.PostOfficeTemplates", "NAME": "post_office",
             "OPTIONS": {}},
        ],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_USE_TLS=secured,
        POST_OFFICE={"BATCH_SIZE": batch, "TEMPLATE_ENGINE": "post_office"},
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)
    logging.disable(logging.INFO)


def main(
    *, database: str, port: int, secured: bool, batch: int, count: int, processes: int, lock: str, content: str | None
) -> None:
    configure(database, port, secured, batch)
    from post_office.models import STATUS, Email

    write, applications = (TicketMail(Path(content)).render, processes) if content else (ready, 1)
    began = time.time()
    if applications == 1:
        queue(write, range(count))
    else:
        queue_side_by_side(write, count, applications)
    queued = time.time()
    call_command("send_queued_mail", processes=processes, lockfile=lock)
    ended = time.time()
    sent = Email.objects.filter(status=STATUS.sent).count()
    if sent != count:
        sys.exit(f"{sent} of {count} mails were sent")
    print(json.dumps({"queue": queued - began, "send": ended - queued}))


def ready(number: str) -> tuple[str, str, str]:
    return f"Ticket {number}", TEXT, HTML


def queue_side_by_side(write: Write, count: int, applications: int) -> None:
    """Let so many processes of the application write and queue at once."""
    connections.close_all()
    shares = [range(first, count, applications) for first in range(applications)]
    family = [get_context("fork").Process(target=queue, args=(write, share)) for share in shares]
    for process in family:
        process.start()
    for process in family:
        process.join()


def queue(write: Write, numbers: Iterable[int]) -> None:
    from post_office import mail

    contents = [write(f"AB-20260101-{number:04d}") for number in numbers]
    mail.send_many(
        [
            {"recipients": TO, "sender": SENDER, "subject": subject, "message": text, "html_message": html}
            for subject, text, html in contents
        ]
    )


if __name__ == "__main__":
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    main(**json.loads(sys.argv[1]))
