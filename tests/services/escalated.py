"""Tickets as the worker opens them, in the test's own transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from config.contacts import load_contacts
from config.policy import load_policy
from config.settings import Settings
from escalation_client.events import Event, encode
from rules.decision import Examined
from rules.triggers import examine
from services.escalation.process_batch import process
from services.events.decoding import Received
from services.events.stream import StreamEntry
from services.installation import Installation


def known() -> Installation:
    urls = {"database_url": "postgresql://unused", "redis_url": "redis://unused"}
    settings = Settings.model_validate({**urls, "support_email": ["support@example.com"]})
    return Installation(load_policy(settings.policy_file), load_contacts(settings.contacts_file), settings)


def escalate(connection: Connection, events: Sequence[Event]) -> dict[str, str]:
    """Work on events as on a batch; return the newest ticket of each session."""
    installation = known()
    received = [
        Received(
            StreamEntry(f"{event.occurred_at.timestamp() * 1000:.0f}-0", encode(event).encode(), {}),
            Examined(event, examine(event, installation.policy, installation.lexicon)),
        )
        for event in sorted(events, key=lambda one: one.session_id)
    ]
    process(connection, received, [], installation)
    rows = connection.execute(text("SELECT session_id, ticket_id FROM escalation.tickets ORDER BY ordinal"))
    return {row.session_id: row.ticket_id for row in rows}
