"""The embedded stack: everything the worker needs as child processes, without root and without Docker."""

from worker.embedded.errors import StackError
from worker.embedded.mail.server import LocalMailServer
from worker.embedded.postgres import EmbeddedPostgres
from worker.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "LocalMailServer", "StackError"]
