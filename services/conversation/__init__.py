"""What happened in a session, merged from ABParts' tables and the inbox."""

from services.conversation.conversation import Conversation, Story
from services.conversation.merge import load_conversations, load_stories
from services.conversation.models import Confidence, Diagnosis, Evidence, Message, Request, Step
from services.conversation.sources import TABLES_OF_SESSIONS

__all__ = [
    "TABLES_OF_SESSIONS",
    "Confidence",
    "Conversation",
    "Diagnosis",
    "Evidence",
    "Message",
    "Request",
    "Step",
    "Story",
    "load_conversations",
    "load_stories",
]
