"""Who may see the list of tickets: holders of a team's link, and people whom a trusted proxy has authenticated."""

import uuid
from ipaddress import ip_address, ip_network

from itsdangerous import BadSignature
from sqlalchemy import Connection, text
from starlette.requests import Request

from config.settings import Settings
from services.tickets.signed_links import signer
from services.tickets.validation import checked_name

TEAM_COOKIE = "escalation_team"
_PURPOSE = "team"
_ADD = text("INSERT INTO escalation.team_links (link_id, name) VALUES (:link_id, :name)")
_LIST = text("SELECT link_id, name, created_at, revoked_at FROM escalation.team_links ORDER BY created_at")
_REVOKE = text("""
    UPDATE escalation.team_links SET revoked_at = clock_timestamp() WHERE name = :name AND revoked_at IS NULL
""")
_FIND = text("SELECT name FROM escalation.team_links WHERE link_id = :link_id AND revoked_at IS NULL")


def add_team_link(connection: Connection, name: str, settings: Settings) -> str:
    """Make a link for a team; return its address."""
    link_id = uuid.uuid4()
    connection.execute(_ADD, {"link_id": str(link_id), "name": checked_name(name)})
    return f"{settings.public_url}/team/{signer(settings, _PURPOSE).dumps(link_id.hex)}"


def list_team_links(connection: Connection) -> list[dict[str, object]]:
    """List all links with their name and times, without what opens them."""
    return [dict(row) for row in connection.execute(_LIST).mappings()]


def revoke_team_links(connection: Connection, name: str) -> int:
    """Revoke a team's links at once; return how many worked until now."""
    return connection.execute(_REVOKE, {"name": name}).rowcount


def find_team(connection: Connection, token: str, settings: Settings) -> str | None:
    """Return the team's name, or None where the link was not made here or is revoked."""
    try:
        link_id = uuid.UUID(str(signer(settings, _PURPOSE).loads(token)))
    except (BadSignature, ValueError):
        return None
    return connection.execute(_FIND, {"link_id": str(link_id)}).scalar()


def read_proxy_user(request: Request, settings: Settings) -> str | None:
    """Return the user whom an authenticating proxy names; only the proxy's own address makes the header count."""
    peer, user = request.scope.get("peer"), request.headers.get("x-forwarded-user", "").strip()
    if not user or not peer or not settings.desk_user_proxies:
        return None
    try:
        address = ip_address(peer[0])
    except ValueError:
        return None
    trusted = (ip_network(part.strip(), strict=False) for part in settings.desk_user_proxies.split(","))
    return user[:120] if any(address in network for network in trusted) else None
