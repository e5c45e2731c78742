"""Finding what fell through between ABParts, the inbox, the tickets and the mails, and fixing it."""

from services.escalation.reconcile.findings import ReconcileReport, Tally
from services.escalation.reconcile.run import reconcile

__all__ = ["ReconcileReport", "Tally", "reconcile"]
