"""One engine, one build and one stack for all tests of the image; `make test-image` runs them in the files' order."""

from collections.abc import Iterator

import pytest

from tests.deploy.image.engine import Engine, cache_folder
from tests.deploy.image.images import build_ours, build_standins, copy_of_checkout
from tests.deploy.image.stack import Stack


@pytest.fixture(scope="session")
def built() -> Engine:
    """The engine with all images; stopped, since it builds with this machine's network and runs without it."""
    engine = Engine(cache_folder())
    engine.install()
    with engine.running("build"):
        build_standins(engine)
        build_ours(engine, copy_of_checkout(engine))
    return engine


@pytest.fixture(scope="session")
def engine(built: Engine) -> Iterator[Engine]:
    with built.running("run"):
        yield built


@pytest.fixture(scope="session")
def stack(engine: Engine) -> Iterator[Stack]:
    """Everything of docker-compose.yml that has a stand-in, healthy."""
    stack = Stack(engine, engine.folder / "checkout")
    stack.install()
    stack.compose("down", "--volumes", "--remove-orphans")
    stack.up()
    yield stack
    stack.compose("down", "--volumes", "--remove-orphans")
