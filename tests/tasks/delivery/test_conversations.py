"""When the server of the messages on their way counts as slow."""

from typing import cast
from uuid import uuid4

from rules.delivery import MAIL_LANES
from services.database.engine import engine
from services.delivery.circuit_breaker import read_circuit
from services.delivery.claim import claim
from services.mail.compose import ComposedMail
from services.transports.factory import process_transport
from tasks.delivery.channel_pool import ChannelPool
from tasks.delivery.conversations import Conversations
from tasks.delivery.sender import Claim
from tasks.delivery.socket_watch import SocketWatch
from tasks.delivery.stock import HeldMail
from tests.processes import wait_for
from tests.services.delivery.office import Office
from tests.smtp_session import hang


def test_the_loop_wakes_when_a_server_that_does_not_answer_becomes_slow(office: Office) -> None:
    office.server.on("mail", hang)
    office.queue("a mail")
    transport = process_transport()
    with (
        engine().connect() as session,
        SocketWatch() as sockets,
        ChannelPool(transport, session, 1, sockets.wake, lambda _: None) as pool,
    ):
        with session.begin():
            circuit = read_circuit(session, transport.account.key)
            [mail] = claim(session, uuid4(), MAIL_LANES, 1)
        pool.open_one(circuit, urgent=False)
        wait_for(pool.opened, "a connection")
        sockets.wait(0)  # what has woken it for that
        conversations = Conversations(pool, sockets, lambda _: None, lambda *_: None)
        before = conversations.server_is_slow

        message = ComposedMail(mail.mail_id, b"Subject: waits\r\n\r\n", "waits", needs_smtputf8=False)
        channel = pool.take_idle(urgent=False)
        assert channel
        conversations.offer(channel, HeldMail(mail, cast(Claim, None), None, message), "escalation@example.com")
        sockets.wait(conversations.seconds_until_slow)

        assert (before, conversations.server_is_slow) == (False, True)
        conversations.break_off(channel)
