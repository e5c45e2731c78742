"""Where a run's mails come from: claimed when few are left, safety mail as soon as it is known of."""

from services.database.engine import standalone
from services.delivery.circuit_breaker import TRIAL, CircuitState
from tasks.delivery.send_loop import Run
from tasks.delivery.stock import Stock, load_claimed


class MailSupply:
    """`circuit`: how the account's circuit stood at the last claim; None before anything was claimed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_exhausted = False
        self._has_news = False
        self._safety_waits = False
        self.stock = Stock()
        self.circuit: CircuitState | None = None

    @property
    def is_spent(self) -> bool:
        """The last claim took all that was due, and nothing has become so since."""
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
        claim = self._run.claim(held=len(self.stock), safety_only=safety_only)
        if claim is None:
            self._is_exhausted = self._is_exhausted or not safety_only
            return
        if not safety_only:
            self._is_exhausted = not claim.may_be_more
        self._run.share(claim)
        self.circuit = claim.circuit
        # It reads only: each statement by itself spares two round trips.
        with standalone() as connection:
            self.stock.add(claim, load_claimed(connection, claim.mails))

    def _may_claim(self, on_their_way: int, idle: bool) -> bool:
        if self.circuit and self.circuit.narrow:
            # One mail shows whether the others can follow.
            return idle
        if self._safety_waits:
            return True
        if self._is_exhausted:
            return idle and self._has_news
        return len(self.stock) < max(1, on_their_way)
