"""Servers behind TLS, the authority that signed their certificate, and one that signed nothing here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.tls_proxy import TlsProxy
from worker.embedded import EmbeddedValkey
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


@pytest.fixture
def rediss_url(redis_url: str, valkey: EmbeddedValkey, authority: Path, tmp_path: Path) -> Iterator[str]:
    """The tests' Redis through TLS, without naming the authority."""
    with TlsProxy(tmp_path / "server.pem", valkey.port, "0.0.0.0") as proxy:
        yield redis_url.replace("redis://", "rediss://").replace(f":{valkey.port}/", f":{proxy.port}/")
