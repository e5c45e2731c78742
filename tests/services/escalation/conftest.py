"""The tickets that are opened the usual way."""

from tests.services.tickets.conftest import connection, entries, installation, opened, publish, redis

__all__ = ["connection", "entries", "installation", "opened", "publish", "redis"]
