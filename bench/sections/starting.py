"""How long it takes until something works: imports, the command line, worker and beat."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from bench.results import Section
from bench.sections.effort import Effort
from bench.stand import Round, Stand
from tests.processes import ROOT, Process

WORDS = {
    "python": "Python that does nothing",
    "import": "importing the worker's application",
    "help": "`python -m worker --help`",
    "status": "`python -m worker status`",
    "worker": "`celery -A worker worker`, until it is ready",
    "beat": "`celery -A worker beat`, until it has started",
}
TIMES_A_ROUND = 2


def run(stand: Stand, effort: Effort) -> Section:
    """Seconds of wall time, each from a process that is started anew, its files in the system's cache."""
    section = Section(words=WORDS)
    with stand.round() as one:
        steps: dict[str, Callable[[], object]] = {
            "python": partial(command, one, "-c", "pass"),
            "import": partial(command, one, "-c", "import worker.celery_app"),
            "help": partial(command, one, "-m", "worker", "--help"),
            "status": partial(command, one, "-m", "worker", "status"),
            "worker": partial(one.workers, 1, "events"),
            "beat": one.beat,
        }
        stays = [*one.workers(1, "events,urgent,mail,sweeps"), one.beat()]
        for turn in effort.turns():
            for _ in range(TIMES_A_ROUND):
                for key, step in steps.items():
                    section.times.setdefault(key, []).append(seconds(step))
                    stop_others(one, stays)
            effort.say(f"round {turn}: start of {', '.join(WORDS)}")
    return section


def command(one: Round, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=one.family.environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stderr}")


def stop_others(one: Round, stays: list[Process]) -> None:
    for process in one.family.started:
        if process not in stays:
            process.stop()


def seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
