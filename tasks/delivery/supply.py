"""Where a run's mails come from: claimed when few are left, safety mail as soon as it is known of."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection

from services.database.engine import standalone
from services.database.quick import in_few_trips, transaction
from services.delivery.circuit_breaker import TRIAL, CircuitState
from services.mail.compose import LoadedMail
from tasks.delivery.run import Run
from tasks.delivery.sender import Claim
from tasks.delivery.stock import HeldMail, Stock, load_claimed

# So long a graver mail may wait for those that were claimed before it.
_AHEAD_SECONDS: Final = 0.2
MOST_AHEAD: Final = 50


class Pace:
    """How fast mails leave."""

    def __init__(self, now: float) -> None:
        self._asked_at = now
        self._gone = 0

    def ahead(self, gone: int, now: float) -> int:
        """How many leave in the next moment, if it goes on as since this was last asked.

        :param gone: all that have left so far
        :param now: in seconds, monotonic
        """
        each_second = (gone - self._gone) / max(now - self._asked_at, 0.001)
        self._asked_at, self._gone = now, gone
        return min(round(each_second * _AHEAD_SECONDS), MOST_AHEAD)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was claimed, and what its mails are made of."""

    claim: Claim
    loaded: Mapping[UUID, LoadedMail]


class MailSupply:
    """`circuit`: how the account's circuit stood at the last claim; None before anything was claimed."""

    def __init__(self, run: Run, wake: Callable[[], None]) -> None:
        """`wake` is called when mails have come that were claimed meanwhile."""
        self._run = run
        self._wake = wake
        self._is_exhausted = False
        self._has_news = False
        self._safety_waits = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail-claim")
        self._coming: Future[_Found | None] | None = None
        self._pace = Pace(time.monotonic())
        self._claimed = self._last_claimed = 0
        self.stock = Stock()
        self.circuit: CircuitState | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    @property
    def is_spent(self) -> bool:
        """The last claim took all that was due, and nothing has become so since."""
        return self._is_exhausted and not (self._has_news or self._safety_waits or self._coming)

    @property
    def is_claiming(self) -> bool:
        """Whether mails may come that are to be taken, or given back."""
        return self._coming is not None

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

    def start(self, *, beside: bool) -> Claim | None:
        """Claim the first mails, if there are any, and begin to load them.

        :param beside: there is something to do meanwhile; else they are loaded, unless others may be rung for first
        """
        with standalone() as connection, in_few_trips(connection):
            claim = self._run.claim(connection)
            if claim is None:
                return None
            self.circuit = claim.circuit
            if not (beside or claim.may_be_more):
                # The claim's commit goes with what is read first.
                self._add(_load(connection, claim), safety_only=False)
                return claim
        self._expect(self._thread.submit(self._load, claim))
        return claim

    def refill(self, *, on_their_way: int, settled: bool) -> None:
        """Claim what is missing; while the connections are busy this is done beside them, but for safety mail.

        :param on_their_way: how many mails the connections have
        :param settled: nothing is on its way, and everything that was is on record
        """
        if self._coming and self._coming.done():
            self._take_coming()
        idle = settled and not len(self.stock) and not self._coming
        if not self._may_claim(on_their_way, idle):
            return
        safety_only, self._safety_waits = self._safety_waits, False
        if idle or safety_only:
            self._has_news = False
            self._add(self._find(len(self.stock), safety_only=safety_only), safety_only=safety_only)
        elif self._coming is None:
            self._has_news = False
            ahead = self._pace.ahead(self._claimed - len(self.stock), time.monotonic())
            self._expect(self._thread.submit(self._find, len(self.stock), ahead=ahead))

    def clear(self) -> list[HeldMail]:
        """All mails, to be given back. Those that are being claimed come later: nobody waits for the database here."""
        if self._coming and self._coming.done():
            self._take_coming()
        return self.stock.clear()

    def abandon(self) -> None:
        """Leave all mails, also those that are being claimed, to the sweep that looks for ended leases."""
        self._coming = None
        self.stock.clear()

    def _expect(self, coming: "Future[_Found | None]") -> None:
        self._coming = coming
        coming.add_done_callback(lambda _: self._wake())

    def _take_coming(self) -> None:
        assert self._coming is not None
        coming, self._coming = self._coming, None
        self._add(coming.result(), safety_only=False)

    def _find(self, held: int, *, ahead: int = 0, safety_only: bool = False) -> _Found | None:
        claim = self._claim(held=held, ahead=ahead, safety_only=safety_only)
        if claim is None:
            return None
        self._run.share(claim)
        return self._load(claim)

    def _claim(self, *, held: int = 0, ahead: int = 0, safety_only: bool = False) -> Claim | None:
        with standalone() as connection, in_few_trips(connection):
            return self._run.claim(connection, held=held, ahead=ahead, safety_only=safety_only)

    def _load(self, claim: Claim) -> _Found:
        with standalone() as connection:
            return _load(connection, claim)

    def _add(self, found: _Found | None, *, safety_only: bool) -> None:
        if not safety_only:
            self._is_exhausted = found is None or not found.claim.may_be_more
        if found:
            self.circuit = found.claim.circuit
            self.stock.add(found.claim, found.loaded)
            self._last_claimed = len(found.claim.mails)
            self._claimed += self._last_claimed

    def _may_claim(self, on_their_way: int, idle: bool) -> bool:
        if self.circuit and self.circuit.narrow:
            # One mail shows whether the others can follow.
            return idle
        if self._safety_waits:
            return True
        if self._is_exhausted:
            return idle and self._has_news
        # Soon enough that the connections do not wait: a claim takes about as long as they take for half of one.
        return len(self.stock) < max(1, on_their_way, self._last_claimed // 2)


def _load(connection: Connection, claim: Claim) -> _Found:
    with transaction(connection):
        return _Found(claim, load_claimed(connection, claim.mails))
