"""One batch of events becomes decisions, tickets and mails."""
