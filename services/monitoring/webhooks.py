"""Posts words to an incoming webhook of Slack, Teams or whatever takes JSON."""

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import structlog

logger = structlog.get_logger()
SECONDS = 10
_SLACK = "hooks.slack.com"
HTTP = "HTTP "


def body_for(url: str, words: str) -> dict[str, Any]:
    """Slack's shape for Slack; else the card of Teams' workflows, beside a plain `text` for everyone else.

    Sources: Slack, "Sending messages using incoming webhooks"; Microsoft, "Create incoming webhooks with Workflows".
    """
    if urlsplit(url).hostname == _SLACK:
        return {"text": words}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line, "wrap": True} for line in words.splitlines()],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "text": words, "attachments": [attachment]}


@dataclass(frozen=True, slots=True)
class _WebhookReply:
    """Whether the webhook took it, and in which words; the address, which is a secret, is in none of them."""

    taken: bool
    words: str


def post(url: str, words: str) -> bool:
    """Whether the webhook took it; if not, the log says why."""
    answer = offer(url, words)
    if not answer.taken:
        logger.warning("webhook_refused" if answer.words.startswith(HTTP) else "webhook_failed", answer=answer.words)
    return answer.taken


def offer(url: str, words: str) -> _WebhookReply:
    """Post the words and say what came back."""
    request = Request(
        url,
        data=json.dumps(body_for(url, words)).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "escalation-worker"},
    )
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return _WebhookReply(True, f"{HTTP}{answer.status}")
    except HTTPError as error:
        with error:
            return _WebhookReply(False, f"{HTTP}{error.code}")
    except HTTPException as error:
        # Such as that the address holds a space: its words would repeat it.
        return _WebhookReply(False, type(error).__name__)
    except OSError as error:
        why = error.reason if isinstance(error, URLError) else error
        return _WebhookReply(False, f"{type(why).__name__}: {why}"[:300])


def beat(url: str) -> bool:
    """Call the address, which may hold a secret and so is not logged; False when that failed."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "escalation-worker"}), timeout=SECONDS):
            return True
    except (URLError, OSError, HTTPException) as error:
        logger.warning("heartbeat_failed", error=type(error).__name__)
        return False
