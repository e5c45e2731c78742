"""Replies of an SMTP server out of the bytes that came (RFC 5321, 4.2)."""

from typing import Final

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
