"""Celery's programs, started as the pages say: with the script `celery`, from the checkout, and no PYTHONPATH."""

import re
import shlex

import pytest

from tests.docs.test_commands import ALL_PAGES, page, run
from tests.processes import Process, Processes, wait_for
from tests.worker.doctor.doctor import Doctor
from worker.embedded.ports import Port

PROGRAM = re.compile(r"^ *celery (-A worker [^#\n]+)", re.MULTILINE)
PAGES = [name for name in ALL_PAGES if PROGRAM.search(page(name))]


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_celery_s_programs_work_as_the_page_starts_them(family: Processes, name: str) -> None:
    port = Port(None, "flower")
    family.environment["FLOWER_PORT"] = str(port.number)
    assert "PYTHONPATH" not in family.environment
    programs = [family.start("celery", *shlex.split(line)) for line in PROGRAM.findall(page(name))]
    wait_for(lambda: all_work(Doctor(family), programs), "worker, beat and Flower, as the doctor sees them")
    for one in ("worker", "mailer", "beat", "flower"):
        result = run(f"worker health {one}", family.environment)
        assert result.returncode == 0, result.stderr


def all_work(doctor: Doctor, programs: list[Process]) -> bool:
    assert [program.output[-2000:] for program in programs if program.popen.poll() is not None] == []
    examination = doctor.examine()
    return examination.code == 0 and len(examination.of("flower", "ok")) == 2
