"""`rediss://` with an authority of one's own, as REDIS_URL of real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotConnected

from escalation_client.events import encode
from services.stream import EVENTS, OUTCOMES, connect
from tests.acceptance.conftest import environment
from tests.events import confidence
from tests.processes import processes, wait_for
from tests.security.tls_proxy import TlsProxy
from worker.embedded import EmbeddedValkey
from worker.embedded.certificates import make_certificates

__all__ = ["environment"]


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    make_certificates(tmp_path / "authority.pem", tmp_path / "server.pem")
    return tmp_path / "authority.pem"


@pytest.fixture
def rediss_url(redis_url: str, valkey: EmbeddedValkey, authority: Path, tmp_path: Path) -> Iterator[str]:
    """The tests' Redis through TLS, without naming the authority."""
    with TlsProxy(tmp_path / "server.pem", valkey.port) as proxy:
        yield redis_url.replace("redis://", "rediss://").replace(f":{valkey.port}/", f":{proxy.port}/")


def test_worker_and_beat_work_through_tls(
    rediss_url: str, redis_url: str, authority: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    url = f"{rediss_url}?ssl_ca_certs={authority}"
    with processes({**environment, "REDIS_URL": url}, tmp_path) as family, Redis.from_url(redis_url) as plain:
        worker = family.worker()
        beat = family.beat()
        plain.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
        wait_for(lambda: plain.xlen(OUTCOMES), "the outcome")
        wait_for(lambda: plain.hexists("escalation:last_runs", "beat"), "beat's sign of life")
        assert (worker.popen.poll(), beat.popen.poll()) == (None, None)


def test_a_certificate_that_nobody_vouches_for_is_refused(rediss_url: str, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    make_certificates(stranger, tmp_path / "other.pem")
    for url in (rediss_url, f"{rediss_url}?ssl_ca_certs={stranger}"):
        with connect(url) as redis, pytest.raises(NotConnected, match="certificate verify failed"):
            redis.ping()
