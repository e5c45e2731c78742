"""Mails a second that one and the same fast server accepts: ours, django-post_office, and the limits."""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy import text

from bench.letter import SENDER, TO, letter
from bench.mix import escalating
from bench.peers import post_office
from bench.peers.post_office import Sending
from bench.results import Section
from bench.sections.effort import Effort
from bench.sections.events import drained
from bench.stand import Stand, wait

WORDS = {
    "ours_1": "ours, one process",
    "peer_1": "django-post_office, queue and send, one process",
    "peer_send_1": "the same, its sending alone",
    "peer_safe": "its sending with batches of one, so that a crash repeats one mail, as with ours",
    "peer_rendering_1": "django-post_office whose application renders the same as ours, one process",
    "ours_2": "ours, two processes",
    "peer_2": "django-post_office, queue and send, two processes",
    "peer_send_2": "the same, its sending alone",
    "peer_rendering_2": "django-post_office whose application renders the same as ours, two processes",
    "smtplib": "limit: bare smtplib, one connection, no records",
    "sink": "limit: the mail server, from a client that does not wait",
}
WAYS = {"plain": False, "tls": True}
HOST = "127.0.0.1"


def run(stand: Stand, effort: Effort) -> Section:
    """A key is what it is, and `plain` or `tls`."""
    section = Section(words=WORDS)
    content = post_office.write_content(stand)
    mails, limit = effort.count(600), effort.count(2_000)
    for turn in effort.turns():
        for way, secured in WAYS.items():
            for processes in (1, 2):
                section.add(f"ours_{processes} {way}", ours(stand, mails * processes, processes, secured))
                usual = Sending(mails, processes, secured)
                taken = post_office.seconds(stand, usual)
                section.add(f"peer_{processes} {way}", mails / sum(taken.values()))
                section.add(f"peer_send_{processes} {way}", mails / taken["send"])
                rendering = post_office.seconds(stand, replace(usual, content=content))
                section.add(f"peer_rendering_{processes} {way}", mails / sum(rendering.values()))
            few = Sending(effort.count(100), secured=secured, batch=1)
            section.add(f"peer_safe {way}", few.count / post_office.seconds(stand, few)["send"])
            section.add(f"smtplib {way}", bare_smtplib(stand, limit, secured))
            section.add(f"sink {way}", sink_limit(stand, limit, secured))
            figures = ", ".join(f"{key} {found[-1]:,.0f}" for key, found in section.speeds.items() if way in key)
            effort.say(f"round {turn}: mails a second: {figures}")
    return section


def ours(stand: Stand, count: int, processes: int, secured: bool, **settings: str) -> float:
    """Support mails that wait in the outbox: from the first attempt to the last acceptance, all on record."""
    with stand.round(SMTP_USE_TLS=str(secured).lower(), **settings) as one:
        drained(one, escalating(count, "mail"))
        one.family.started[0].stop()
        one.redis.flushall()
        one.workers(1, "urgent,mail", children=processes)
        one.ask_for_delivery()
        wait(lambda: one.scalar(UNSENT) == 0, f"{count} mails", pause=0.2)
        with one.engine.connect() as connection:
            return count / float(connection.execute(SENDING_SECONDS).scalar_one())


UNSENT = "SELECT count(*) FROM escalation.mail_recipients WHERE state <> 'accepted'"
SENDING_SECONDS = text("""
    SELECT extract(epoch FROM (SELECT max(accepted_at) FROM escalation.mail_recipients)
                            - (SELECT min(started_at) FROM escalation.delivery_attempts))
""")


@contextmanager
def mail_server(stand: Stand, *, secured: bool) -> Iterator[smtplib.SMTP]:
    """An open connection to the mail server."""
    with smtplib.SMTP(HOST, stand.sink.port) as server:
        if secured:
            server.starttls(context=ssl.create_default_context(cafile=stand.sink.authority))
        assert server.sock is not None
        # Over TLS each message would stall for 40 ms without.
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield server


def bare_smtplib(stand: Stand, count: int, secured: bool) -> float:
    """The same message again and again over one connection, with no record of anything."""
    whole = letter("AB-20260101-0001").as_bytes()
    with mail_server(stand, secured=secured) as server:
        began = time.time()
        for _ in range(count):
            server.sendmail(SENDER, [TO], whole)
        return count / (time.time() - began)


def sink_limit(stand: Stand, count: int, secured: bool) -> float:
    """All conversations at once, the replies counted meanwhile: whether the server is faster than what it measures."""
    message = letter("AB-20260101-0001").as_bytes().replace(b"\n", b"\r\n")
    one = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" + message + b"\r\n.\r\n"
    with mail_server(stand, secured=secured) as server:
        assert server.sock is not None
        replies = threading.Thread(target=partial(read_replies, server.sock, 4 * count))
        began = time.time()
        replies.start()
        for _ in range(count):
            server.sock.sendall(one)
        replies.join()
        return count / (time.time() - began)


def read_replies(connection: socket.socket, lines: int) -> None:
    while lines > 0:
        lines -= connection.recv(65_536).count(b"\n")
