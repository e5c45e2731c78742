"""Signed, expiring links to a ticket's page: whoever got the mail may open it, and nobody else can make one."""

from uuid import UUID

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from config.errors import ConfigurationError
from config.settings import Settings

_SECONDS_OF_A_DAY = 86_400
_FORM_HOURS = 12


class LinkExpired(Exception):
    """The link was right and is too old."""


class LinkUnknown(Exception):
    """Nobody here has signed this."""


def link(ticket_id: str, settings: Settings) -> str | None:
    """The address of the ticket's page, or None where no page is served (no PUBLIC_URL)."""
    if settings.public_url is None:
        return None
    return f"{settings.public_url}/t/{token(ticket_id, settings)}"


def token(ticket_id: str, settings: Settings) -> str:
    """What stands in the link."""
    return signer(settings, "link").dumps(ticket_id)


def ticket_of(text: str, settings: Settings) -> str:
    """The id of the ticket that a link's token is for.

    :raises LinkExpired: it is older than LINK_DAYS
    :raises LinkUnknown: it was not signed with LINK_SECRET
    """
    return opened(settings, "link", text, settings.link_days * _SECONDS_OF_A_DAY)


def digest_link(mail_id: UUID, settings: Settings) -> str | None:
    """The address of the page that acknowledges the tickets of a digest, or None where no page is served."""
    if settings.public_url is None:
        return None
    return f"{settings.public_url}/d/{signer(settings, 'digest').dumps(mail_id.hex)}"


def digest_of(text: str, settings: Settings) -> UUID:
    """The id of the digest that a link's token is for; raises as `ticket_of` does."""
    return UUID(opened(settings, "digest", text, settings.link_days * _SECONDS_OF_A_DAY))


def form_token(ticket_id: str, settings: Settings) -> str:
    """What a form of the ticket's page carries, so that no other page can send one."""
    return signer(settings, "form").dumps(ticket_id)


def is_form_of(text: str, ticket_id: str, settings: Settings) -> bool:
    """Whether a form was made by this ticket's page within the last hours."""
    try:
        return opened(settings, "form", text, _FORM_HOURS * 3_600) == ticket_id
    except (LinkExpired, LinkUnknown):
        return False


def opened(settings: Settings, purpose: str, text: str, seconds: int) -> str:
    try:
        return str(signer(settings, purpose).loads(text, max_age=seconds))
    except SignatureExpired as error:
        raise LinkExpired from error
    except BadSignature as error:
        raise LinkUnknown from error


def signer(settings: Settings, purpose: str) -> URLSafeTimedSerializer:
    if settings.link_secret is None:
        raise ConfigurationError(
            "LINK_SECRET: is missing; it signs the links to the ticket's page: openssl rand -hex 32"
        )
    return URLSafeTimedSerializer(settings.link_secret.get_secret_value(), salt=f"escalation.{purpose}")
