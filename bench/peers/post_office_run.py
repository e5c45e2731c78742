"""django-post_office at work, run by the peers' interpreter; prints the seconds for queueing and for sending as JSON.

Its own command for sending and its own settings, but for the batch's size: five times its own is faster.
"""

import json
import logging
import os
import sys
import time
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.management import call_command

from bench.letter import HTML, SENDER, TEXT, TO


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


def main(database: str, port: int, secured: bool, batch: int, count: int, processes: int, lock: str) -> None:
    configure(database, port, secured, batch)
    from post_office import mail
    from post_office.models import STATUS, Email

    letters = [
        {"recipients": TO, "sender": SENDER, "subject": f"Ticket {n}", "message": TEXT, "html_message": HTML}
        for n in range(count)
    ]
    began = time.time()
    mail.send_many(letters)
    queued = time.time()
    call_command("send_queued_mail", processes=processes, lockfile=lock)
    ended = time.time()
    sent = Email.objects.filter(status=STATUS.sent).count()
    if sent != count:
        sys.exit(f"{sent} of {count} mails were sent")
    print(json.dumps({"queue": queued - began, "send": ended - queued}))


if __name__ == "__main__":
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    main(**json.loads(sys.argv[1]))
