"""`python -m worker status`: the state of every part, on one screen."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError

from services.database.engine import engine
from services.database.errors import described
from services.events.rejected import count_waiting
from services.events.stream import redis_client
from services.monitoring.health import StreamState, measure_each_stream, sum_up
from services.monitoring.metrics import State, state
from worker.commands.terminal import Output
from worker.liveness.last_seen import BEAT, last_runs
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.schedule import SECONDS_BETWEEN

app = typer.Typer()
console = Output()

LATE_SECONDS = 120.0
REJECTED_HOURS = 24


@app.command()
def command(
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object; a part that cannot be read is null.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Queues, mails, tickets, sweeps and open alerts; exit code 1 when PostgreSQL or Redis cannot be read."""
    if as_json and watch:
        raise typer.BadParameter("--json and --watch: one JSON object is printed once; give one of them")
    if as_json:
        print_json()
        return
    if watch:
        follow(every)
        return
    shown, whole = screen()
    console.print(shown)
    if not whole:
        raise typer.Exit(1)


def follow(every: float) -> None:
    with Live(Text("…"), console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while True:
                live.update(screen()[0], refresh=True)
                time.sleep(every)
        except KeyboardInterrupt:
            return


def screen() -> tuple[Group, bool]:
    """What can be read now, and whether that is all: either server may be away, and the other shows its half."""
    in_redis, redis_answers = read(of_redis, "Redis", "events and sweeps")
    in_postgresql, postgresql_answers = read(
        lambda: of_postgresql(redis_answers), "PostgreSQL", "mails, tickets and alerts"
    )
    return Group(in_redis, in_postgresql), redis_answers and postgresql_answers


def read(half: Callable[[], RenderableType], server: str, what: str) -> tuple[RenderableType, bool]:
    """One half of the screen, or that it cannot be read; and whether it could."""
    try:
        return half(), True
    except (DBAPIError, RedisError) as error:
        words = f"{server} cannot be read ({type(error).__name__}), so {what} are not shown"
        return Text(f"{words}: run python -m worker doctor", style="red"), False


def of_redis() -> RenderableType:
    redis = redis_client()
    rings, ages = bool(redis.exists(SIGN_OF_LIFE)), last_runs(redis)
    return Group(flow(measure_each_stream(redis), rings, ages), sweeps(ages))


def of_postgresql(redis_answers: bool) -> RenderableType:
    with engine().connect() as connection:
        now, rejected = state(connection), count_waiting(connection, REJECTED_HOURS)
    return Group(*mails(now, rejected), alerts(now, redis_answers))


def print_json() -> None:
    """The same as the screen, for programs.

    :raises typer.Exit: a part could not be read
    """
    found: dict[str, Any] = {"redis": None, "postgresql": None}
    try:
        redis = redis_client()
        states = measure_each_stream(redis)
        lag, pending, oldest = sum_up(states.values())
        found["redis"] = {
            "not_read": lag, "in_work": pending, "oldest_seconds": oldest,
            "not_read_by_stream": {name: stream.lag for name, stream in states.items()},
            "worker_at_the_stream": bool(redis.exists(SIGN_OF_LIFE)), "seconds_since": last_runs(redis),
        }  # fmt: skip
        with engine().connect() as connection:
            rejected = count_waiting(connection, REJECTED_HOURS)
            found["postgresql"] = {**asdict(state(connection)), "rejected_events": rejected}
    except (DBAPIError, RedisError) as error:
        found["error"] = described(error)
    typer.echo(json.dumps(found, default=str))
    if "error" in found:
        raise typer.Exit(1)


def flow(states: dict[str, StreamState], rings: bool, ages: dict[str, float]) -> Table:
    lag, pending, oldest = sum_up(states.values())
    table = grid("Events", "", "")
    waiting = ", ".join(f"{stream.lag} in {name}" for name, stream in states.items() if stream.lag)
    table.add_row("not read yet", str(lag), waiting if len(states) > 1 else "")
    table.add_row("in work", str(pending), f"the oldest {oldest:.0f} s" if lag or pending else "")
    table.add_row("worker at the stream", marked("yes" if rings else "no", bad=not rings), "")
    age = ages.get(BEAT)
    said = "never" if age is None else f"{age:.0f} s ago"
    table.add_row("beat's last message", marked(said, bad=age is None or age > LATE_SECONDS), "")
    return table


def mails(now: State, rejected: int) -> list[Table]:
    table = grid("Mails and tickets", "count", "oldest")
    if rejected:
        table.add_row(f"events set aside in {REJECTED_HOURS} h, see rejected list", marked(str(rejected), bad=True), "")
    for row in now.mails:
        words = f"mail {row['state']}, {row['lane']}"
        table.add_row(words, marked(str(row["count"]), bad=row["state"] == "held"), f"{row['oldest_seconds']:.0f} s")
    for row in now.circuits:
        if row["open"] or row["unreachable"]:
            table.add_row(f"{row['way']} account", marked("held" if row["open"] else "unreachable", bad=True), "")
    for row in now.unacknowledged:
        table.add_row(f"tickets nobody took, up to {row['age']}", str(row["count"]), "")
    return [table] if table.row_count else []


def sweeps(ages: dict[str, float]) -> Table:
    table = grid("Sweeps", "last run", "every")
    for name, every in SECONDS_BETWEEN.items():
        age = ages.get(name)
        late = age is not None and age > LATE_SECONDS + 2 * every
        said = "not yet" if age is None else f"{age:.0f} s ago"
        table.add_row(name.removeprefix("escalation."), marked(said, bad=late), f"{every:.0f} s")
    return table


def alerts(now: State, redis_answers: bool) -> RenderableType:
    if not now.alerts and not redis_answers:
        return Text("Open alerts: unknown, since Redis cannot be asked.", style="yellow")
    if not now.alerts:
        return Text("No open alerts.", style="green")
    table = grid("Open alerts", "since (UTC)", "what to do")
    for row in now.alerts:
        table.add_row(Text(row["summary"], style="red"), f"{row['raised_at']:%Y-%m-%d %H:%M}", Text(row["hint"] or ""))
    return table


def grid(*headings: str) -> Table:
    return Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")


def marked(words: Any, *, bad: bool) -> Text:
    return Text(str(words), style="red" if bad else "")
