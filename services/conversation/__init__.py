"""What happened in a session, merged from ABParts' tables and the inbox."""

from services.conversation.conversation import Conversation
from services.conversation.merge import load_conversations
from services.conversation.models import Confidence, Diagnosis, Evidence, Message, Request, Step

__all__ = [
    "Confidence",
    "Conversation",
    "Diagnosis",
    "Evidence",
    "Message",
    "Request",
    "Step",
    "load_conversations",
]
