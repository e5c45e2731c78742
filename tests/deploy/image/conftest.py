"""One engine, one build and one stack for all tests of the image, in the files' order."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deploy.image.engine import Engine, EngineFailed, cache_folder
from tests.deploy.image.images import build_ours, build_standins, copy_of_checkout
from tests.deploy.image.stack import Stack


@pytest.fixture(scope="session")
def built(pytestconfig: pytest.Config) -> Engine:
    """The engine with all images; stopped, since it builds with this machine's network and runs without it."""
    engine = Engine(cache_folder())
    with _left_out_where_no_engine_runs(pytestconfig):
        engine.install()
        with engine.running("run"):
            pass
    with engine.running("build"):
        build_standins(engine)
        build_ours(engine, copy_of_checkout(engine))
    return engine


@contextmanager
def _left_out_where_no_engine_runs(config: pytest.Config) -> Iterator[None]:
    """An engine that cannot be installed or started is this machine's fault: its rights, its packages, its kernel.

    What is built in it is ours, stand-ins included, and fails.
    Who asks for these tests alone (make test-image) hears it as a failure.
    """
    try:
        yield
    except (EngineFailed, OSError, subprocess.SubprocessError) as error:
        if config.option.markexpr == "image":
            raise
        last_words = str(error).strip().splitlines()[-1]
        pytest.skip(f"no Docker engine can be had on this machine: {last_words}")


@pytest.fixture(scope="session")
def engine(built: Engine) -> Iterator[Engine]:
    with built.running("run"):
        yield built


@pytest.fixture(scope="module")
def stack(engine: Engine) -> Iterator[Stack]:
    """Everything of docker-compose.yml that has a stand-in, healthy."""
    stack = Stack(engine, engine.folder / "checkout")
    stack.install()
    stack.compose("down", "--volumes", "--remove-orphans")
    stack.up()
    yield stack
    stack.compose("down", "--volumes", "--remove-orphans")
