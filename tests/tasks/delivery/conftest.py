"""The mail server and the worker's settings of the tests of delivery."""

from tests.services.delivery.conftest import cloud, connection, impatient, office, setting, smtp

__all__ = ["cloud", "connection", "impatient", "office", "setting", "smtp"]
