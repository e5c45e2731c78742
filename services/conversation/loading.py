"""Reading whole conversations, set by set."""

from collections.abc import Collection

from sqlalchemy import Connection

from services.conversation.conversation import Conversation
from services.conversation.inbox import load_kept
from services.conversation.merging import merged
from services.conversation.shared_rows import load_stored


def load_conversations(connection: Connection, session_ids: Collection[str]) -> dict[str, Conversation]:
    """The conversation of each session, an empty one where nothing is known; five statements."""
    stored = load_stored(connection, session_ids)
    kept = load_kept(connection, session_ids)
    return {session_id: merged(session_id, stored[session_id], kept[session_id]) for session_id in session_ids}
