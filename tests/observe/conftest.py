"""Processes and servers for the tests of watching."""

from tests.acceptance.conftest import connection, environment, family, redis

__all__ = ["connection", "environment", "family", "redis"]
