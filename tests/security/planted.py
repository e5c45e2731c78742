"""A secret of its own for every secret setting there is, and the search for them in whatever the program gives away."""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from config.settings import Settings

SECRETS = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
# Those have a form of their own; nothing answers at port 1, so that what fails there is tried as well.
FORMS = {
    "database_url": "postgresql://postgres:{mark}@127.0.0.1:1/abparts",
    "redis_url": "redis://:{mark}@127.0.0.1:1/0",
    "events_cluster_url": "redis-cluster://:{mark}@127.0.0.1:1",
    "alert_webhook_url": "http://127.0.0.1:1/{mark}",
    "heartbeat_url": "http://127.0.0.1:1/{mark}",
}


def mark(name: str) -> str:
    """Found nowhere by chance, long enough for any secret, and different from the first letter on."""
    return f"{hashlib.sha256(name.encode()).hexdigest()[:20]}-planted-{name.replace('_', '-')}"


def planted() -> dict[str, str]:
    """The environment in which each secret setting has a marked value."""
    return {name.upper(): FORMS.get(name, "{mark}").format(mark=mark(name)) for name in SECRETS}


class Watch:
    """Finds the secrets of an environment in texts, also encoded as protocols do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        given = {name: environment[name.upper()] for name in SECRETS if name.upper() in environment}
        self.secrets = {name: {mark(name), password_of(value) or mark(name)} for name, value in given.items()}

    def found(self, text: str) -> set[str]:
        """The settings whose secrets stand in the text."""
        return {
            name
            for name, values in self.secrets.items()
            for value in values
            if any(form in text for form in (value, quote(value, safe=""), encoded(value)))
        }


def password_of(value: str) -> str | None:
    return urlsplit(value).password if "://" in value and "@" in value else None


def encoded(value: str) -> str:
    """A part of its Base64 that does not depend on what stands before it, as long as that has a length of 3 * n."""
    return base64.b64encode(value.encode()).decode()[:20]
