"""A logged-in SMTP connection that never waits: it writes and reads what there is, and knows until when to wait."""

import socket
import ssl
import time
from smtplib import SMTPServerDisconnected
from typing import TYPE_CHECKING, Final

from rules.delivery import ServerReply
from services.transports.base import Budget, ConversationEnded, Envelope, ExchangeState, failed
from services.transports.smtp_connection import SmtpConnection, stuffed
from services.transports.smtp_envelope import envelope_commands
from services.transports.smtp_exchange import ReplyReader, SmtpExchange

if TYPE_CHECKING:
    from services.transports.smtp import SmtpTransport

_CHUNK: Final = 65_536
# After a broken body the server has often said why before it closed.
_LAST_WORDS_SECONDS: Final = 2.0
_FOREVER: Final = float("inf")


class SmtpChannel:
    """One connection; `exchange` is the message on its way, `deadline` when its next step is too late (monotonic).

    `is_waiting_for_commit` belongs to the owner: it has seen that the server waits for the message.
    """

    def __init__(self, transport: "SmtpTransport") -> None:
        """Take over a transport that has logged in (`prepare`)."""
        self.transport = transport
        self.exchange: SmtpExchange | None = None
        self.deadline = _FOREVER
        self.is_waiting_for_commit = False
        self._message = b""
        self._out = memoryview(b"")
        self._budget = Budget(transport.message_seconds)
        self._replies = ReplyReader()
        self._write_error: OSError | None = None
        self._socket.setblocking(False)

    @property
    def _conversation(self) -> SmtpConnection:
        assert self.transport.conversation is not None
        return self.transport.conversation

    @property
    def _socket(self) -> socket.socket:
        assert self._conversation.sock is not None
        return self._conversation.sock

    @property
    def is_open(self) -> bool:
        """Whether another message may be offered on it."""
        return self.transport.is_open

    @property
    def is_connected(self) -> bool:
        conversation = self.transport.conversation
        return conversation is not None and conversation.sock is not None

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether a message is on its way."""
        return self.exchange is not None and self.exchange.state is not ExchangeState.FINISHED

    @property
    def wants_to_write(self) -> bool:
        return bool(self._out)

    def fileno(self) -> int:
        return self._socket.fileno()

    def offer(self, envelope: Envelope, message: bytes) -> None:
        """Begin a message: MAIL, RCPT and DATA are under way afterwards, or it is finished without them."""
        self._message = stuffed(message)
        self.is_waiting_for_commit = False
        self._budget = Budget(self.transport.message_seconds)
        answers: dict[str, ServerReply] = {}
        reset = self.transport.messages > 0
        try:
            commands = envelope_commands(self._conversation, envelope, len(message), answers)
        except ConversationEnded as stop:
            for address in envelope.recipients:
                answers.setdefault(address, stop.answer)
            commands = None
        if commands is None or not commands.recipients:
            self.exchange = SmtpExchange.without_offer(answers)
            return
        self.transport.messages += 1
        self.exchange = SmtpExchange(commands, answers, reset=reset)
        self._write(self.exchange.start(pipelining=self._conversation.has_extn("pipelining")))

    def begin_body(self) -> None:
        """Send the message; only when it is on record that its body begins."""
        assert self.exchange is not None
        self._write(self.exchange.body(self._message))

    def on_ready(self) -> None:
        """The socket can be read or written."""
        try:
            self._flush()
            self._read()
        except OSError as error:
            self._lose(error)

    def expire(self) -> None:
        """The deadline passed."""
        self._lose(self._write_error or TimeoutError("timed out"))

    def drop(self) -> None:
        """Break the connection: whatever the server has of the message so far is no message."""
        self.transport.drop()

    def release(self) -> None:
        """Give the connection back as one that waits; it is broken off when a message is on its way."""
        if self.is_busy:
            self.drop()
        if self.is_connected:
            self._socket.settimeout(self.transport.server.command_seconds)

    def _write(self, data: bytes) -> None:
        self._out = memoryview(data)
        try:
            self._flush()
        except OSError as error:
            self._lose(error)
        else:
            self._wait()

    def _flush(self) -> None:
        while self._out:
            try:
                sent = self._socket.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError as error:
                if self.exchange is None or self.exchange.state is not ExchangeState.BODY:
                    raise
                self._out, self._write_error = memoryview(b""), error
                return
            self._out = self._out[sent:]
            if not self._out and self.exchange and self.exchange.state is ExchangeState.BODY:
                self.exchange.body_is_out()
                self._message = b""
                self._wait()

    def _read(self) -> None:
        while self.is_connected:
            try:
                data = self._socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            if not data:
                raise self._write_error or SMTPServerDisconnected("Connection unexpectedly closed")
            replies = self._replies.feed(data)
            for code, text in replies:
                self._take(code, text)
            if replies:
                self._wait()

    def _take(self, code: int | None, text: str) -> None:
        if self.exchange is None or not self.is_busy:
            # Nobody asked: it says goodbye, as to a connection that was idle for too long.
            self.drop()
            return
        answer = self.exchange.take(code, text)
        if self.exchange.state is ExchangeState.FINISHED:
            self._settle()
        elif answer:
            self._write(answer)

    def _lose(self, error: OSError) -> None:
        if self.exchange and self.is_busy:
            self.exchange.lose(failed(error, self.exchange.phase))
        self._settle()
        self.drop()

    def _settle(self) -> None:
        self.deadline = _FOREVER
        self._write_error = None
        if self.exchange and not self.exchange.reusable:
            self.drop()

    def _wait(self) -> None:
        """Set the deadline of the step that the message is at."""
        state = self.exchange.state if self.exchange else ExchangeState.FINISHED
        if state is ExchangeState.FINISHED or state is ExchangeState.READY:
            self.deadline = _FOREVER
            return
        server = self.transport.server
        late = state is ExchangeState.BODY or state is ExchangeState.EMPTY
        seconds = server.reply_seconds if late else server.command_seconds
        if self._write_error:
            seconds = _LAST_WORDS_SECONDS
        left = self._budget.seconds - (time.monotonic() - self._budget.began)
        self.deadline = time.monotonic() + min(seconds, left)
