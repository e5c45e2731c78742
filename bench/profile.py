"""Where the time goes when a goal is missed: py-spy on the child at work, EXPLAIN ANALYZE of its statements."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench.mix import escalating, mixed
from bench.results import Section
from bench.sections.effort import Effort
from bench.stand import Round, Stand, wait
from bench.stored import fill
from tests.processes import ROOT

# What is profiled for a goal, by its section; latency has its own table, memory its curves.
KINDS = {"events": "events", "growth": "growth", "tickets": "tickets", "mails": "mails"}
SECONDS = 8
MOST_ROWS, MOST_PLANS, MOST_LINES, WIDTH = 15, 3, 24, 150
QUEUES = {"mails": "urgent,mail"}
# Where threads sleep or wait for work; py-spy takes them for busy.
WAITING = {"_give_signs (worker/liveness/program/children.py)", "_worker (concurrent/futures/thread.py)"}


def run(stand: Stand, effort: Effort, sections: Iterable[str]) -> Section:
    """Texts by kind, ready for the page."""
    section = Section()
    for kind in sorted({KINDS[name] for name in sections if name in KINDS}):
        effort.say(f"profile: {kind}")
        section.words[f"{kind} functions"] = functions(stand, kind, effort)
        section.words[f"{kind} statements"] = statements(stand, kind, effort)
    return section


def lines_of(kind: str, count: int) -> list[str]:
    return escalating(count, "profile") if kind in {"tickets", "mails"} else mixed(count, name="profile")


def functions(stand: Stand, kind: str, effort: Effort) -> str:
    """Work for some seconds, and what the child did in them."""
    counts = {"events": 60_000, "growth": 60_000, "tickets": 8_000, "mails": 2_000}
    with stand.round() as one:
        prepare(one, kind, effort)
        if kind == "mails":
            one.publish(lines_of(kind, effort.count(counts[kind])))
            store_all(one)
        (worker,) = one.workers(1, QUEUES.get(kind, "events"))
        (child,) = worker.children()
        if kind == "mails":
            one.ask_for_delivery()
        else:
            one.publish(lines_of(kind, effort.count(counts[kind])))
        return spied(child.pid, stand.folder / f"{kind}.collapsed", max(1, round(SECONDS * effort.scale)))


def prepare(one: Round, kind: str, effort: Effort) -> None:
    if kind == "growth":
        fill(one.url, effort.count(1_000_000))


def store_all(one: Round) -> None:
    """Mails in the outbox, and nobody who sends them yet."""
    (events,) = one.workers(1, "events")
    queued = "SELECT count(*) FROM escalation.mail_recipients"
    published = one.redis.xlen("escalation:events")
    wait(lambda: one.scalar(queued) == published, "the mails")
    events.stop()


def spied(pid: int, file: Path, seconds: int) -> str:
    """A table of functions, or why there is none (py-spy needs the right to trace, as root or with SYS_PTRACE)."""
    command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid), "--format", "raw"]
    asked = subprocess.run(
        [*command, "--duration", str(seconds), "--rate", "200", "--output", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        return f"py-spy could not look into the child: {(asked.stderr or asked.stdout).strip().splitlines()[-1]}"
    return table_of(file.read_text(encoding="utf-8").splitlines())


def table_of(collapsed: Iterable[str]) -> str:
    """From stacks with their counts to the functions that are on top, and in, the most of them."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for line in collapsed:
        stack, _, count = line.rpartition(" ")
        names = [function_of(frame) for frame in stack.split(";")]
        if names[-1] in WAITING:
            continue
        own[names[-1]] += int(count)
        total.update(dict.fromkeys(names, int(count)))
    everything = sum(own.values()) or 1
    rows = [f"| `{name}` | {own[name] / everything:.0%} | {total[name] / everything:.0%} |"
            for name, _ in own.most_common(MOST_ROWS)]  # fmt: skip
    return "\n".join(["| function | itself | with all that it calls |", "|---|---|---|", *rows])


def function_of(frame: str) -> str:
    """`name (folder/file.py:12)` without the line, so that a function is one row."""
    return frame.rpartition(":")[0] + ")" if frame.endswith(")") and ":" in frame else frame


def statements(stand: Stand, kind: str, effort: Effort) -> str:
    """The heaviest statements of one batch with their plans."""
    with stand.round() as one:
        prepare(one, kind, effort)
        one.publish(lines_of(kind, 20 if kind == "mails" else 500))
        asked = subprocess.run(
            [sys.executable, "-m", "bench.explain", "events" if kind == "growth" else kind],
            cwd=ROOT, env=one.family.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if asked.returncode:
        raise RuntimeError(f"bench.explain failed:\n{asked.stderr}")
    found = json.loads(asked.stdout.splitlines()[-1])
    heaviest = sorted(found, key=lambda one: one["milliseconds"], reverse=True)[:MOST_PLANS]
    whole = sum(one["milliseconds"] for one in found)
    head = f"{len(found)} statements of one batch took PostgreSQL {whole:.1f} ms; the heaviest:"
    return "\n\n".join([head, *(plan(one) for one in heaviest)])


def plan(one: dict[str, str | float]) -> str:
    lines = [line if len(line) <= WIDTH else f"{line[:WIDTH]}…" for line in str(one["plan"]).splitlines()]
    more = ["…"] if len(lines) > MOST_LINES else []
    shown = "\n".join([*lines[:MOST_LINES], *more])
    return f"{one['milliseconds']:.1f} ms: `{one['statement']}`\n\n```\n{shown}\n```"
