"""Finding what fell through between ABParts, the inbox, the tickets and the mails, and mending it."""

from services.reconcile.report import Report, Tally
from services.reconcile.run import reconcile

__all__ = ["Report", "Tally", "reconcile"]
