"""The mail server and the worker's settings of the tests of delivery."""

from tests.services.delivery.conftest import connection, office, setting, smtp

__all__ = ["connection", "office", "setting", "smtp"]
