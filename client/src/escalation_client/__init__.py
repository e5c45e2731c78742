"""Tells the escalation worker what happens in a session of the assistant, and the assistant what came of it."""
