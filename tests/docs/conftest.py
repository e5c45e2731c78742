"""A whole installation, for the commands of the pages."""

from tests.acceptance.conftest import connection, redis
from tests.acceptance.conftest import environment as plain_environment
from tests.worker.doctor.conftest import environment, family

__all__ = ["connection", "environment", "family", "plain_environment", "redis"]
