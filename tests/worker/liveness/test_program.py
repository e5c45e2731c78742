"""A program that has stopped working ends itself, and one that works, or only waits, does not."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS
from tests.events import confidence
from tests.processes import ROOT, Process, Processes, wait_for
from worker.embedded.ports import Port
from worker.liveness.program.report import WELL
from worker.liveness.program.signs import Signs
from worker.liveness.program.watch import EX_SOFTWARE

SECONDS = "10"
TICKETS = text("SELECT count(*) FROM public.support_tickets")
# The loop of a worker that is ready waits for ever, as it would in a library that hangs.
HANG = """
import threading
from celery.signals import worker_ready

@worker_ready.connect(weak=False)
def hang(sender, **_):
    sender.hub.call_later(1.0, threading.Event().wait)
"""
# A child that a library never gives its interpreter back: no thread of it runs any more.
HANG_IN_A_CHILD = """
import ctypes
from celery import shared_task

@shared_task(name="escalation.hang")
def hang():
    ctypes.PyDLL(None).sleep(600)
"""
# Any program, whose main thread waits for ever as soon as it is told to.
HANG_WHEN_TOLD = """
import runpy, signal, sys, threading

signal.signal(signal.SIGUSR2, lambda *_: threading.Event().wait())
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
WITH_PAGES = {
    "FLOWER_USER": "oncall",
    "FLOWER_PASSWORD": "flower-pass-1234",
    "PUBLIC_URL": "http://127.0.0.1",
    "LINK_SECRET": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def told(family: Processes, tmp_path: Path) -> Processes:
    family.environment.update(LIVENESS_SECONDS=SECONDS, LIVENESS_FILE=str(tmp_path / "liveness"))
    return family


def pool_of(worker: Process) -> set[int]:
    return {child.pid for child in worker.children()}


def test_a_frozen_child_is_replaced_and_the_work_goes_on(told: Processes, redis: Redis, connection: Connection) -> None:
    worker = told.worker()
    before = pool_of(worker)
    for child in before:
        os.kill(child, signal.SIGSTOP)
    wait_for(lambda: worker.output.count('"child_killed"') == len(before), "the end of the frozen children")
    wait_for(lambda: len(pool_of(worker) - before) == len(before), "new children")
    assert worker.output.count('"child_killed"') == len(before)
    redis.xadd(EVENTS, {"event": encode(confidence("s", 0.1))})
    told.beat()
    wait_for(lambda: connection.execute(TICKETS).scalar_one() == 1, "the ticket")
    assert worker.popen.poll() is None


@pytest.mark.long
def test_a_child_that_hangs_in_a_library_is_replaced(told: Processes, tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANG_IN_A_CHILD, encoding="utf-8")
    command = ("celery", "-A", "worker", "worker", "-Q", "sweeps", "-c", "1", "-I", "hanging", "-n", "w@test")
    worker = told.start(*command, PYTHONPATH=str(tmp_path))
    worker.said("ready.")
    before = pool_of(worker)
    told.start("celery", "-A", "worker", "call", "escalation.hang", "--queue", "sweeps")
    worker.said('"child_killed"')
    wait_for(lambda: len(pool_of(worker) - before) == 1, "a new child")
    assert worker.popen.poll() is None


def test_a_worker_whose_loop_hangs_ends_with_its_children_and_says_where_it_was(
    told: Processes, tmp_path: Path
) -> None:
    (tmp_path / "hanging.py").write_text(HANG, encoding="utf-8")
    command = ("celery", "-A", "worker", "worker", "-Q", "sweeps", "-c", "2", "-I", "hanging", "-n", "w@test")
    began = time.monotonic()
    # Time enough to start as well, while the machine does much else.
    worker = told.start(*command, PYTHONPATH=str(tmp_path), LIVENESS_SECONDS="20")
    worker.said("ready.")
    children = pool_of(worker)
    wait_for(lambda: worker.popen.poll() is not None, "its end", 60)
    assert worker.popen.returncode == EX_SOFTWARE
    silent = re.search(r"consumer loop silent for (\d+) s", worker.output)
    assert silent
    assert 20 <= int(silent[1]) <= time.monotonic() - began
    assert "in wait" in worker.output
    wait_for(lambda: not any(psutil.pid_exists(child) for child in children), "the end of its children")


@pytest.mark.long
def test_a_clock_or_a_page_that_hangs_ends_its_program_which_says_where_it_was(told: Processes, tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANG_WHEN_TOLD, encoding="utf-8")
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "DESK_PORT")}
    told.environment.update(
        WITH_PAGES, PYTHONPATH=f"{ROOT}:{tmp_path}", **{name: str(port.number) for name, port in ports.items()}
    )
    programs = {
        # What `celery -A worker beat` goes on as, by exec, which would end the way to make it hang.
        "clock": ("worker.celery_program", "beat"),
        "page of Flower": ("celery", "-A", "worker", "flower"),
        "page of the desk": ("worker", "desk"),
    }
    # Time enough to start as well, while the machine does much else.
    told.environment["LIVENESS_SECONDS"] = "20"
    files = {part: tmp_path / part for part in programs}
    started = {part: told.start("hanging", *it, LIVENESS_FILE=str(files[part])) for part, it in programs.items()}
    for part, program in started.items():
        wait_for(lambda file=files[part]: file.exists() and file.read_text().endswith(f" {WELL}\n"), part)  # type: ignore[misc]
        program.popen.send_signal(signal.SIGUSR2)
    for part, program in started.items():
        wait_for(lambda it=program: it.popen.poll() is not None, f"its end: {part}")  # type: ignore[misc]
        assert program.popen.returncode == EX_SOFTWARE
        assert f"{part.split()[0]} silent for 2" in program.output
        assert "in wait" in program.output


@pytest.mark.long
def test_systemd_hears_that_a_program_is_ready_and_then_that_it_lives(told: Processes, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        told.start("celery", "-A", "worker", "beat", NOTIFY_SOCKET=str(tmp_path / "notify"))
        first, second = (systemd.recv(1024).decode().splitlines() for _ in range(2))
    assert first == ["WATCHDOG=1", f"STATUS={WELL}", "READY=1"]
    assert second == ["WATCHDOG=1", f"STATUS={WELL}"]


@pytest.mark.long
def test_who_waits_for_redis_is_alive(told: Processes, redis: Redis) -> None:
    told.environment["REDIS_URL"] = "redis://127.0.0.1:1/0"
    worker = told.start("celery", "-A", "worker", "worker", "-Q", "events,sweeps", "-c", "1", "-n", "w@test")
    beat = told.start("celery", "-A", "worker", "beat")
    for program, words in ((worker, "worker_waits_for_redis"), (beat, "beat_waits_for_redis")):
        # It pauses for 2, 4, 6 and 8 seconds: longer together than a program may be silent here.
        wait_for(lambda p=program, w=words: p.output.count(w) >= 5, f"tries of {program.log.name}")  # type: ignore[misc]
        assert program.popen.poll() is None, program.output[-3000:]
        assert "program_ends_itself" not in program.output


def test_a_worker_that_is_told_to_stop_ends_in_order(told: Processes) -> None:
    worker = told.worker()
    worker.stop()
    assert worker.popen.returncode == 0
    assert "program_ends_itself" not in worker.output


def test_of_two_beats_one_rings_and_the_other_takes_over(told: Processes, redis: Redis) -> None:
    redis.set("escalation:beat", "somebody-else")
    beat = told.beat()
    beat.said("another_beat_rings")
    redis.delete("escalation:beat")
    wait_for(lambda: re.search(r"(?<!another_)beat_rings", beat.output), "the other beat rings")
    assert re.findall(r"another_beat_rings|beat_rings", beat.output) == ["another_beat_rings", "beat_rings"]
    beat.stop()
    assert redis.get("escalation:beat") is None


def test_a_part_that_is_silent_for_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    signs = Signs()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    signs.expect("loop", 10)
    signs.expect("doorbell", 100)
    monkeypatch.setattr(time, "monotonic", lambda: now + 11)
    assert signs.silent() == {"loop": 11}
    signs.seen("loop")
    assert signs.silent() == {}
    signs.renew()
    signs.forget("loop")
    signs.forget("doorbell")
    assert signs.silent(share=0.0) == {}
