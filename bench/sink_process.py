"""The mail server of the benchmarks as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT
from worker.embedded.certificates import make_certificates


@dataclass(frozen=True, slots=True)
class Sink:
    """Where it listens, and the authority that signed its certificate."""

    port: int
    authority: Path


@contextmanager
def sink_process(folder: Path, *delay: int) -> Iterator[Sink]:
    """`delay`: the least and the most milliseconds that its reply after the final dot takes."""
    authority, certificate = folder / "authority.pem", folder / "certificate.pem"
    make_certificates(authority, certificate)
    command = [sys.executable, "-m", "bench.sink", str(certificate), *map(str, delay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Sink(int(process.stdout.readline()), authority)
        finally:
            process.kill()
