"""Posts words to an incoming webhook of Slack, Teams or whatever takes JSON."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog

from rules.delivery import Phase
from services.transports.http_client import HttpClient, failed_request

logger = structlog.get_logger()
_SECONDS = 10
_SLACK = "hooks.slack.com"
_HTTP = "HTTP "
_MOST_READ, _MOST_SHOWN = 2_000, 80


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
        logger.warning("webhook_refused" if answer.words.startswith(_HTTP) else "webhook_failed", answer=answer.words)
    return answer.taken


def offer(url: str, words: str) -> _WebhookReply:
    """Post the words and say what came back."""
    return _call("POST", url, json=body_for(url, words))


def beat(url: str) -> bool:
    """Call the address, which may hold a secret and so is not logged; False when that failed."""
    answer = _call("GET", url, allow_redirects=True)
    if not answer.taken:
        logger.warning("heartbeat_failed", error=answer.words)
    return answer.taken


def _call(method: str, url: str, **options: Any) -> _WebhookReply:
    """A webhook that answers with another address has not taken anything; a heartbeat's may have moved."""
    with HttpClient(None, _SECONDS, _SECONDS) as https:
        https.headers["User-Agent"] = "escalation-worker"
        try:
            with https.request(method, url, **options) as response:
                words = f"{_HTTP}{response.status_code}"
                if method == "POST" and (fault := _find_fault(response)):
                    return _WebhookReply(False, f"{words}, but {fault}")
                return _WebhookReply(response.status_code < 300, words)
        except requests.RequestException as error:
            return _WebhookReply(False, _words_without_address(error))


def _find_fault(response: requests.Response) -> str | None:
    """What shows that nothing was posted, whatever the status says: the page of a login, or Slack's own error."""
    text = response.text[:_MOST_READ].strip()
    if text.lower().startswith(("<!doctype", "<html")):
        return "a web page came back: is there a login in front of the webhook?"
    if urlsplit(response.url).hostname == _SLACK and text.lower() not in {"", "ok"} and '"ok":true' not in text:
        return f"Slack says: {text[:_MOST_SHOWN]}"
    return None


def _words_without_address(error: requests.RequestException) -> str:
    """The system's words; those of requests itself would repeat the address."""
    reply = failed_request(error, Phase.POST)
    return reply.text if reply.finding or "[Errno" in reply.text else type(error).__name__
