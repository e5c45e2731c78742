"""What a server says, without our secrets: some repeat what they were sent, and replies are stored and shown."""

import base64
import re
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "[hidden]"
# Tokens of Microsoft and assertions are JSON Web Tokens (RFC 7515, 7.1): "eyJ" is how '{"' begins in Base64.
_JSON_WEB_TOKEN: Final = re.compile(r"eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?")
# Shorter ones are found in innocent words, and would be given away by their absence.
_SHORTEST: Final = 4


def without(text: str, *secrets: str) -> str:
    """The text with these secrets hidden, also as forms and Base64 write them, and with every token of that kind."""
    for form in sorted({form for secret in secrets for form in forms(secret)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return _JSON_WEB_TOKEN.sub(HIDDEN, text)


def forms(secret: str) -> set[str]:
    if len(secret) < _SHORTEST:
        return set()
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()}
