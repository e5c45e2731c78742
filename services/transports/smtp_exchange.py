"""One message's conversation with an SMTP server as a state machine: no sockets, no clock (RFC 5321; RFC 2920).

Whoever owns the connection writes what `start`, `take` and `body` return, and brings each reply (`ReplyReader`).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rules.delivery import Phase, ServerReply
from services.transports.base import ExchangeState

_TAKEN: Final = frozenset({250, 251, 252})
_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class EnvelopeCommands:
    """MAIL, and RCPT by address, as they go over the wire without the line's end."""

    mail: bytes
    recipients: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class _Command:
    phase: Phase
    line: bytes
    address: str | None = None


_RESET: Final = _Command(Phase.MAIL, b"RSET")
_DATA: Final = _Command(Phase.DATA, b"DATA")


class SmtpExchange:
    """`taken`: who gets the message; `answers`: what the server said to each address, complete when FINISHED.

    `stale`: the connection had ended before this message, which nobody has seen; `reusable`: it takes another one.
    """

    def __init__(self, commands: EnvelopeCommands, answers: dict[str, ServerReply], *, reset: bool) -> None:
        """`answers` holds those that this side gave already: addresses that cannot be offered."""
        offered = [_Command(Phase.RCPT, line, address) for address, line in commands.recipients.items()]
        self._unsent = deque([*([_RESET] if reset else []), _Command(Phase.MAIL, commands.mail), *offered, _DATA])
        self._waiting: deque[_Command] = deque()
        self._addresses: Sequence[str] = list(commands.recipients)
        self._refusal: ServerReply | None = None
        self._body_is_out = False
        self.answers = answers
        self.taken: list[str] = []
        self.state = ExchangeState.OFFERING
        self.stale = False
        self.reusable = True

    @classmethod
    def without_offer(cls, answers: dict[str, ServerReply]) -> "SmtpExchange":
        """A message that this side can offer to nobody: finished, with these answers; the server hears nothing."""
        exchange = cls(EnvelopeCommands(b"", {}), answers, reset=False)
        exchange.state = ExchangeState.FINISHED
        return exchange

    @property
    def phase(self) -> Phase:
        """The step that a loss of the connection would be a loss in."""
        if self.state is ExchangeState.BODY:
            return Phase.DOT if self._body_is_out else Phase.BODY
        return self._waiting[0].phase if self._waiting else Phase.DATA

    def start(self, *, pipelining: bool) -> bytes:
        """Everything up to DATA where the server allows that, else the first command."""
        return b"".join(self._send() for _ in range(len(self._unsent) if pipelining else 1))

    def take(self, code: int | None, text: str) -> bytes:
        """A reply came; what to write now. Code None: it was no reply of SMTP."""
        answer = ServerReply(self.phase, code, text)
        if code is None or code == _CLOSING:
            self.lose(answer)
            return b""
        if self.state is ExchangeState.BODY:
            self.reusable = self._body_is_out
            self._finish(answer)
            return b""
        if not self._waiting:
            # A reply that nobody asked for: what comes next could not be told apart any more.
            self.lose(answer)
            return b""
        self._note(self._waiting.popleft(), answer)
        return self._go_on()

    def body(self, message: bytes) -> bytes:
        """The message with its final dot; write it only when it is on record that it begins."""
        self.state = ExchangeState.BODY
        return message + b".\r\n"

    def body_is_out(self) -> None:
        """The final dot was handed to the connection: from now on the server may have the message."""
        self._body_is_out = True

    def lose(self, answer: ServerReply) -> None:
        """The connection ended, or has to: whoever was not refused before gets this answer."""
        self.reusable = False
        self.stale = bool(self._waiting) and self._waiting[0] is _RESET
        self._finish(answer)

    def _send(self) -> bytes:
        command = self._unsent.popleft()
        self._waiting.append(command)
        return command.line + b"\r\n"

    def _note(self, command: _Command, answer: ServerReply) -> None:
        code = answer.code or 0
        if command is _RESET and code != 250:
            self.stale, self.reusable = True, False
        elif command is _DATA:
            self._note_data(answer)
        elif command.address:
            self._note_recipient(command.address, answer)
        elif command.phase is Phase.DOT:
            self._finish(self._refusal)
        elif not 200 <= code < 400:
            self._refusal = answer

    def _note_recipient(self, address: str, answer: ServerReply) -> None:
        if answer.code in _TAKEN:
            self.taken.append(address)
        elif self._refusal is None:
            # After a refused sender it is only said that there is none.
            self.answers[address] = answer

    def _note_data(self, answer: ServerReply) -> None:
        wanted = bool(self.taken) and self._refusal is None
        if answer.code != 354:
            self._refusal = self._refusal or answer
        else:
            self.state = ExchangeState.READY if wanted else ExchangeState.EMPTY

    def _go_on(self) -> bytes:
        if self.stale:
            self._finish(self._refusal)
        elif self.state is ExchangeState.EMPTY:
            # It takes data for nobody: only the final dot gets it out of that (RFC 2920, 3.1).
            self._unsent.append(_Command(Phase.DOT, b"."))
            return self._send()
        elif self.state is ExchangeState.OFFERING:
            return self._next_command()
        return b""

    def _next_command(self) -> bytes:
        if self._waiting:
            return b""
        hopeless = self._refusal is not None or (len(self._unsent) == 1 and not self.taken)
        if self._unsent and not hopeless:
            return self._send()
        self._finish(self._refusal)
        return b""

    def _finish(self, answer: ServerReply | None) -> None:
        self.state = ExchangeState.FINISHED
        if answer is not None:
            for address in self._addresses:
                self.answers.setdefault(address, answer)


# RFC 5321, 4.5.3.1.5 says 512 bytes a line; whoever sends this much without ending a reply does not speak SMTP.
_LONGEST_REPLY: Final = 65_536

_SmtpReply = tuple[int | None, str]


class ReplyReader:
    """Keeps what has come of a reply until it is whole."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[_SmtpReply]:
        """The replies that are whole now: code and text, whose lines end in a newline. Code None: it is no reply."""
        self._buffer += data
        replies: list[_SmtpReply] = []
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            self._lines.append(line[4:].strip())
            if not line[:3].isdigit():
                replies.append((None, self._text() or line.decode("utf-8", "replace").strip()))
            elif line[3:4] != b"-":
                replies.append((int(line[:3]), self._text()))
        if len(self._buffer) + sum(map(len, self._lines)) > _LONGEST_REPLY:
            replies.append((None, self._text()))
        return replies

    def _text(self) -> str:
        text = b"\n".join(self._lines).decode("utf-8", "replace")
        self._lines.clear()
        return text
