"""This process as a worker, for the tests of the verdict."""

from tests.tasks.conftest import connection, installation, redis

__all__ = ["connection", "installation", "redis"]
