"""Where a run's mails come from: claimed when few are left, safety mail as soon as it is known of."""

import time
from typing import Final

from services.database.engine import begin
from services.delivery.circuit_breaker import TRIAL, CircuitState
from tasks.delivery.send_loop import Run
from tasks.delivery.sender import Claim
from tasks.delivery.stock import Stock, load_claimed
from tasks.hints import hint

# A claim costs the database nearly the same for fifty mails as for ten. But what lies here no other sender sends, so
# that it should not last much longer than this.
_SECONDS_AHEAD: Final = 1.0
_MOST_AT_ONCE: Final = 50


class MailSupply:
    """`circuit`: how the account's circuit stood at the last claim; None before anything was claimed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_exhausted = False
        self._has_news = False
        self._safety_waits = False
        self._size = run.sender.claim_size
        self._claimed_at = 0.0
        self.stock = Stock()
        self.circuit: CircuitState | None = None

    @property
    def is_spent(self) -> bool:
        """Nothing was due at the last claim, and nothing has become so since."""
        return self._is_exhausted and not self._has_news and not self._safety_waits

    @property
    def is_on_trial(self) -> bool:
        """Whether the last claim was to try the account."""
        return self.circuit is not None and self.circuit.state == TRIAL

    def expect_more(self) -> None:
        """A mail is done: that may have made more due (parts of it, a short version, a repeat)."""
        self._has_news = True

    def expect_safety(self) -> None:
        """Safety mail is due."""
        self._safety_waits = True

    def refill(self, *, on_their_way: int, settled: bool) -> None:
        """Claim what is missing.

        :param on_their_way: how many mails the connections have
        :param settled: nothing is on its way, and everything that was is on record
        """
        idle = settled and not len(self.stock)
        if not self._may_claim(on_their_way, idle):
            return
        safety_only, self._safety_waits = self._safety_waits, False
        self._has_news = False
        claim = self._run.claim(self._size, held=len(self.stock), safety_only=safety_only)
        if claim is None:
            self._is_exhausted = self._is_exhausted or not safety_only
            return
        self._is_exhausted = False
        if not safety_only:
            self._choose_size(claim)
        self.circuit = claim.circuit
        with begin() as connection:
            self.stock.add(claim, load_claimed(connection, claim.mails))

    def _choose_size(self, claim: Claim) -> None:
        """The next claim is twice as large where this one was full, and the one before was sent in no time."""
        now = time.monotonic()
        is_full = sum(len(mail.recipients) for mail in claim.mails) >= self._size
        is_quick = now - self._claimed_at < _SECONDS_AHEAD
        self._claimed_at = now
        if is_full:
            # There is probably more: let another child join in.
            hint("deliver_urgent" if self._run.urgent_only else "deliver_due")
        least = self._run.sender.claim_size
        self._size = max(least, min(2 * self._size, _MOST_AT_ONCE)) if is_full and is_quick else least

    def _may_claim(self, on_their_way: int, idle: bool) -> bool:
        if self.circuit and self.circuit.narrow:
            # One mail shows whether the others can follow.
            return idle
        if self._safety_waits:
            return True
        if self._is_exhausted:
            return idle and self._has_news
        return len(self.stock) < max(1, on_their_way)
