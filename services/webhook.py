"""Posts words to an incoming webhook of Slack, Teams or whatever takes JSON."""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import structlog

logger = structlog.get_logger()
SECONDS = 10
SLACK = "hooks.slack.com"


def body_for(url: str, words: str) -> dict[str, Any]:
    """Slack's shape for Slack; else the card of Teams' workflows, beside a plain `text` for everyone else.

    Sources: Slack, "Sending messages using incoming webhooks"; Microsoft, "Create incoming webhooks with Workflows".
    """
    if urlsplit(url).hostname == SLACK:
        return {"text": words}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line, "wrap": True} for line in words.splitlines()],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "text": words, "attachments": [attachment]}


def post(url: str, words: str) -> bool:
    """Whether the webhook took it; the address is a secret and so is not logged."""
    request = Request(
        url,
        data=json.dumps(body_for(url, words)).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "escalation-worker"},
    )
    try:
        with urlopen(request, timeout=SECONDS):
            return True
    except HTTPError as error:
        logger.warning("webhook_refused", status=error.code)
    except (URLError, OSError, HTTPException) as error:
        logger.warning("webhook_failed", error=type(error).__name__)
    return False
