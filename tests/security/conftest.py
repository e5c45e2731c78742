"""Certificate authorities: one that signed the servers' certificate, and one that signed nothing here."""

from pathlib import Path

import pytest

from worker.embedded.certificates import make_certificates


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    make_certificates(tmp_path / "authority.pem", tmp_path / "server.pem")
    return tmp_path / "authority.pem"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """An authority that signed nothing here."""
    make_certificates(tmp_path / "stranger.pem", tmp_path / "other.pem")
    return tmp_path / "stranger.pem"
