"""The stack of docker-compose.yml as processes, on servers of this test."""

from tests.acceptance.conftest import environment, family, redis

__all__ = ["environment", "family", "redis"]
