"""In which databases the workers at one Redis work: those of two databases would take events from each other."""

from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from worker.liveness.last_seen import ages, record

logger = structlog.get_logger()
DATABASES: Final = "escalation:databases"
REMEDY: Final = (
    "Give each installation a Redis database of its own (the number that ends REDIS_URL), the same for its assistant."
)
# Several times as long as workers and beat leave between two signs; whose database was moved is silent by then.
_RECENT_SECONDS = 60.0
# Every server has a number of its own, and so have the databases of one, however they are named and reached.
_IDENTITY = text("""
    SELECT format('%s (%s of server %s)', d.datname, d.oid, c.system_identifier)
    FROM pg_catalog.pg_database AS d, pg_catalog.pg_control_system() AS c WHERE d.datname = current_database()
""")


def identify(connection: Connection) -> str:
    """What tells this database from every other, with its name for people."""
    return str(connection.execute(_IDENTITY).scalar_one())


def find_others(redis: Redis, ours: str) -> list[str]:
    """The other databases in which somebody worked within the last minute.

    A sign from before Redis' clock was set back tells nothing; whoever works there leaves another one soon.
    """
    seen = ages(redis, DATABASES).items()
    return sorted(name for name, age in seen if 0 <= age < _RECENT_SECONDS and name != ours)


class DatabaseWatch:
    """Leaves the sign of our database, and says once of each other that it was seen."""

    def __init__(self, engine: Engine, redis: Redis) -> None:
        self.engine, self.redis = engine, redis
        self.told: list[str] = []

    def look(self) -> None:
        """Look once; where a server is away, the monitor says so."""
        try:
            with self.engine.connect() as connection:
                ours = identify(connection)
            record(self.redis, ours, DATABASES)
            others = find_others(self.redis, ours)
        except (DBAPIError, RedisError):
            return
        if others and others != self.told:
            logger.error("redis_shared_by_databases", ours=ours, others=others, remedy=REMEDY)
        self.told = others
