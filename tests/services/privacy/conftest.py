"""A worker's settings and servers in this process."""

from tests.tasks.conftest import connection, installation, publish, redis

__all__ = ["connection", "installation", "publish", "redis"]
