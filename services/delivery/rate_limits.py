"""How fast an account sends: counted in Redis, so that all workers share the limits (library `limits`)."""

from dataclasses import dataclass
from functools import lru_cache

import structlog
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from rules.delivery import AccountLimits
from services.events.stream import connect

logger = structlog.get_logger()

_PREFIX = "escalation:rates"
_DAY = "day"


@lru_cache(maxsize=2)
def limiter(url: str, process: int) -> MovingWindowRateLimiter:
    """This process's view of the counters; nothing connects before the first use."""
    return MovingWindowRateLimiter(RedisStorage("redis://", connect(url).connection_pool, key_prefix=_PREFIX))


@dataclass(frozen=True, slots=True)
class Rates:
    """The counters of one account. Without Redis nothing is limited: the server's own answers then set the pace."""

    limiter: MovingWindowRateLimiter
    account: str
    limits: AccountLimits

    def minute_items(self, urgent: bool) -> list[tuple[RateLimitItem, str]]:
        """What a message counts towards: the whole, and for other mail the share that it must not exceed."""
        if self.limits.per_minute is None:
            return []
        whole: list[tuple[RateLimitItem, str]] = [(RateLimitItemPerMinute(self.limits.per_minute), "all")]
        share = self.limits.minute_share(urgent)
        return whole if urgent or share is None else [(RateLimitItemPerMinute(share), "normal"), *whole]

    def day_items(self) -> list[tuple[RateLimitItem, str]]:
        return [(RateLimitItemPerDay(self.limits.per_day), _DAY)] if self.limits.per_day else []

    def items(self, urgent: bool) -> list[tuple[RateLimitItem, str]]:
        """What has to have room. Only the server may tell safety mail that the day is used up."""
        return self.minute_items(urgent) if urgent else [*self.minute_items(urgent), *self.day_items()]

    def room(self, urgent: bool, at_most: int) -> int:
        """How many messages may go now, up to `at_most`."""
        try:
            left = [
                self.limiter.get_window_stats(item, self.account, name).remaining for item, name in self.items(urgent)
            ]
        except RedisError as error:
            logger.warning("rates_without_redis", error=type(error).__name__)
            return at_most
        return min([at_most, *left])

    def take(self, urgent: bool, recipients: int) -> bool:
        """Count one message to so many recipients; whether it may go. A message that may not is not counted."""
        try:
            items = [(item, name, recipients if name == _DAY else 1) for item, name in self.items(urgent)]
            if not all(self.limiter.test(item, self.account, name, cost=cost) for item, name, cost in items):
                return False
            if urgent:
                for item, name in self.day_items():
                    self.limiter.hit(item, self.account, name, cost=recipients)
            return all([self.limiter.hit(item, self.account, name, cost=cost) for item, name, cost in items])
        except RedisError as error:
            logger.warning("rates_without_redis", error=type(error).__name__)
            return True
