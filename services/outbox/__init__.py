"""The outbox: mails and outcomes that leave after the commit."""
