"""The same transaction that the tests of the services have."""

from tests.services.conftest import connection, rolled_back_url, seeded

__all__ = ["connection", "rolled_back_url", "seeded"]
