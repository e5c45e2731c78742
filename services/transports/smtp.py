"""SMTP: one connection a process, used again for a while; every end of a conversation becomes an answer."""

import time
from collections.abc import Collection
from contextlib import suppress
from smtplib import SMTPServerDisconnected
from socket import gaierror

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from rules.delivery import Phase, ServerReply
from services.transports.base import BeginBody, Budget, ConversationEnded, Envelope, Transport, TransportAccount, failed
from services.transports.smtp_auth import Credentials, log_in
from services.transports.smtp_channel import SmtpChannel
from services.transports.smtp_connection import Server, SmtpConnection
from services.transports.smtp_envelope import offer

_MOST_MESSAGES = 100
LONGEST_SECONDS = 300.0
_CONNECT_TRIES = 3


class SmtpTransport:
    """Sends by SMTP; `message_seconds` is the longest time for one message."""

    def __init__(
        self, account: TransportAccount, server: Server, credentials: Credentials | None, message_seconds: float
    ) -> None:
        self.account = account
        self.server = server
        self.credentials = credentials
        self.message_seconds = message_seconds
        self.conversation: SmtpConnection | None = None
        self.opened = 0.0
        self.messages = 0
        self.siblings: list[SmtpTransport] = []

    def another(self, used: Collection[Transport]) -> "SmtpTransport":
        """A further connection is made with the same TLS context, and ends with this one."""
        unused = [transport for transport in [self, *self.siblings] if transport not in used]
        if unused:
            return max(unused, key=lambda transport: transport.is_open)
        made = SmtpTransport(self.account, self.server, self.credentials, self.message_seconds)
        self.siblings.append(made)
        return made

    def channel(self) -> SmtpChannel:
        return SmtpChannel(self)

    def send(self, envelope: Envelope, message: bytes, begin_body: BeginBody) -> dict[str, ServerReply]:
        budget = Budget(self.message_seconds)
        answers: dict[str, ServerReply] = {}
        try:
            conversation = self.ready(budget)
            self.messages += 1
            taken = offer(conversation, envelope, len(message), answers)
            if taken:
                answers.update(dict.fromkeys(taken, conversation.transfer(message, taken, begin_body)))
        except ConversationEnded as stop:
            self.settle(envelope, answers, stop.answer)
        except OSError as error:
            self.settle(envelope, answers, self.failure(error))
            self.drop()
        except BaseException:
            # The caller refused after DATA: only a broken connection keeps the server from taking what came so far.
            self.drop()
            raise
        return answers

    @property
    def is_open(self) -> bool:
        return self.conversation is not None and self.conversation.sock is not None and self.is_fresh()

    def prepare(self) -> ServerReply | None:
        self.say_goodbye()
        try:
            self.connect(Budget(self.message_seconds))
        except ConversationEnded as stop:
            return stop.answer
        except OSError as error:
            answer = self.failure(error)
            self.drop()
            return answer
        return None

    def probe(self) -> ServerReply | None:
        answer = self.prepare()
        self.say_goodbye()
        return answer

    def close(self) -> None:
        for transport in [self, *self.siblings]:
            transport.say_goodbye()

    def say_goodbye(self) -> None:
        """End this connection alone."""
        conversation, self.conversation = self.conversation, None
        if conversation is None:
            return
        # Whatever happens at QUIT, what was accepted before stays accepted.
        with suppress(OSError):
            conversation.budget = Budget(self.server.command_seconds)
            if conversation.sock:
                conversation.ask(conversation.phase, "QUIT")
        conversation.close()

    def drop(self) -> None:
        conversation, self.conversation = self.conversation, None
        if conversation is not None:
            conversation.close()

    def ready(self, budget: Budget) -> SmtpConnection:
        """The open connection if it still answers, else a new one."""
        conversation = self.conversation
        if conversation and self.is_open:
            conversation.budget = budget
            with suppress(OSError):
                if not self.messages or conversation.ask(Phase.MAIL, "RSET").code == 250:
                    return conversation
        self.say_goodbye()
        return self.connect(budget)

    def is_fresh(self) -> bool:
        return self.messages < _MOST_MESSAGES and time.monotonic() - self.opened < LONGEST_SECONDS

    def connect(self, budget: Budget) -> SmtpConnection:
        """Connect and log in; a connection that fails at once is tried again within seconds."""
        retrying = Retrying(
            stop=stop_after_attempt(_CONNECT_TRIES),
            wait=wait_random(0.1, 1.0),
            retry=retry_if_exception(self.is_passing),
            reraise=True,
        )
        try:
            conversation: SmtpConnection = retrying(self.connect_once, budget)
            if self.credentials:
                log_in(conversation, self.credentials)
        except ConversationEnded:
            self.say_goodbye()
            raise
        return conversation

    def connect_once(self, budget: Budget) -> SmtpConnection:
        self.drop()
        self.conversation = conversation = SmtpConnection(self.server)
        self.opened, self.messages = time.monotonic(), 0
        conversation.open(budget)
        return conversation

    def is_passing(self, error: BaseException) -> bool:
        """Refused or closed before the server has said anything; a time-out has taken long enough."""
        early = self.conversation is not None and self.conversation.phase in {Phase.CONNECT, Phase.GREETING}
        # smtplib turns a time-out while it waits for a reply into this error too.
        timed_out = isinstance(error.__context__, TimeoutError)
        return early and not timed_out and isinstance(error, (ConnectionError, SMTPServerDisconnected, gaierror))

    def failure(self, error: OSError) -> ServerReply:
        return failed(error, self.conversation.phase if self.conversation else Phase.CONNECT)

    def settle(self, envelope: Envelope, answers: dict[str, ServerReply], answer: ServerReply) -> None:
        """Give the answer that ended the conversation to everyone who was not refused for good before."""
        for address in envelope.recipients:
            answers.setdefault(address, answer)
