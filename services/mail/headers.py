"""Header fields that cannot be broken out of: cleaned, encoded and folded (RFC 5322, 2047, 6532)."""

from binascii import b2a_base64
from collections.abc import Sequence
from email.utils import formataddr
from functools import lru_cache
from typing import Final

from email_validator import EmailNotValidError, validate_email

from services.mail.cleaning import cut, one_line

LINE_END: Final = "\r\n"
LONGEST_LINE: Final = 76
BYTES_PER_WORD: Final = 36
LONGEST_VALUE: Final = 400


@lru_cache(maxsize=1_000)
def address_of(text: str | None) -> str | None:
    """The bare address with its domain in ASCII (IDNA); None where the text is none."""
    try:
        found = validate_email(text or "", check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return f"{found.local_part}@{found.ascii_domain}"


def field(name: str, value: str) -> str:
    """A field of free text: whatever could begin another line is gone; what is long or not ASCII is encoded."""
    text = cut(one_line(value), LONGEST_VALUE)
    plain = text.isascii() and len(name) + len(text) < LONGEST_LINE and "=?" not in text
    return f"{name}: {text if plain else encoded_words(text)}"


def encoded_words(text: str) -> str:
    """The text in base64, a line each few letters, none of them cut in two (RFC 2047, section 5).

    Written here since the standard library's way takes longer than the rest of a message.
    """
    lines, line = [], b""
    for letter in map(str.encode, text):
        if len(line) + len(letter) > BYTES_PER_WORD:
            lines.append(line)
            line = b""
        line += letter
    words = (f"=?utf-8?b?{b2a_base64(one, newline=False).decode()}?=" for one in [*lines, line])
    return f"{LINE_END} ".join(words)


def mailbox(name: str, display: str, address: str) -> str:
    """A field with one address and the name to show beside it."""
    return f"{name}: {formataddr((one_line(display), address)) if address.isascii() else address}"


def mailboxes(name: str, addresses: Sequence[str]) -> str:
    """A field with several addresses, each on a line of its own."""
    return f"{name}: {f',{LINE_END} '.join(addresses)}"


def visible(addresses: Sequence[str]) -> list[str]:
    """The addresses for the To field.

    One that is not ASCII would make the whole message need SMTPUTF8 and so cut off readers whose server lacks it
    (RFC 6531, 3.2); it stands there only when there is no other.
    """
    known = [address for address in map(address_of, addresses) if address]
    return [address for address in known if address.isascii()] or known
