"""Real celery processes on servers of this test, which may be silent for ten seconds only."""

from tests.acceptance.conftest import connection, environment, family, redis

__all__ = ["connection", "environment", "family", "redis"]
