"""`docker compose -f docker-compose.demo.yml up`: one command, two sessions, and where everything is."""

from collections.abc import Iterator

import pytest

from tests.deploy.image.engine import Engine
from tests.deploy.image.images import OURS

pytestmark = [pytest.mark.image, pytest.mark.debian("root", "mount-namespaces", "debootstrap")]

# With all that `demo` waits for, and Prometheus. Debian has no Grafana, so it has no stand-in; `up` would build the
# image, which needs pip and so another network than here.
WITHOUT_GRAFANA = ("--no-build", "demo", "escalation-prometheus")
PLACES = {
    "http://127.0.0.1:8025": "200",
    "http://127.0.0.1:5555": "401",
    "http://127.0.0.1:8090/health": "200",
    "http://127.0.0.1:9090/api/v1/query?query=escalation_up": "200",
}


@pytest.fixture(scope="module")
def said(engine: Engine) -> Iterator[str]:
    """What is seen until both sessions were played, while all goes on."""
    checkout = engine.folder / "checkout"
    demo = ("compose", "-f", "docker-compose.demo.yml")
    engine.docker("tag", OURS, "escalation-worker:demo")
    engine.docker(*demo, "down", "--volumes", cwd=checkout)
    engine.docker(*demo, "up", "--detach", *WITHOUT_GRAFANA, cwd=checkout)
    engine.inside("docker", *demo, "wait", "demo", cwd=checkout)
    yield engine.docker(*demo, "logs", "--no-log-prefix", "demo", cwd=checkout)
    engine.docker(*demo, "down", "--volumes", cwd=checkout)


def test_two_sessions_are_played_and_mailed(said: str, engine: Engine) -> None:
    lines = said.splitlines()
    assert sum(line.endswith(", mailed") for line in lines) == 2
    mails = engine.inside("curl", "-s", "http://127.0.0.1:8025/api/v1/messages").stdout
    assert '"total": 0' not in mails


def test_it_says_where_everything_is_and_there_it_is(said: str, engine: Engine) -> None:
    for place, status in PLACES.items():
        assert place.partition("/health")[0].partition("/api")[0] in said
        shown = engine.inside("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", place).stdout
        assert shown == status, place
