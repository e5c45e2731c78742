"""Finding what fell through between ABParts, the inbox, the tickets and the mails, and mending it."""

from services.escalation.reconcile.report import Report, Tally
from services.escalation.reconcile.run import reconcile

__all__ = ["Report", "Tally", "reconcile"]
