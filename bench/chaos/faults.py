"""What goes wrong in a storm: each fault begins, lasts a while and ends; afterwards the supervisor has its turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from bench.chaos import kills, mailing, servers
from bench.chaos.world import World

# Up to the yield a fault begins, after it the fault ends; it yields whether it struck.
Strike = Callable[[World, Random], Iterator[bool]]
PHASES = ("connect", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot")
DISABLED = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."
HELO = "504 5.5.2 <storm>: Helo command rejected: need fully-qualified hostname"
SENDER = "553 5.7.1 Sender address rejected: not owned by user"
UNVERIFIED = "550 The from address does not match a verified Sender Identity"


@dataclass(frozen=True, slots=True)
class Fault:
    """A name for the report, whether mail or events have to recover, and what happens."""

    name: str
    hits: str
    strike: Strike


EVENT_FAULTS = (
    Fault("worker killed", "events", kills.worker_killed),
    Fault("child killed", "events", kills.child_killed),
    Fault("beat killed", "events", kills.beat_killed),
    Fault("publisher killed", "events", kills.publisher_killed),
    Fault("publisher killed with its spool", "events", kills.publisher_killed_with_its_spool),
    Fault("Valkey killed", "events", servers.valkey_killed),
    Fault("PostgreSQL stopped at once", "events", servers.postgres_stopped),
    Fault("PostgreSQL takes no writes", "events", servers.read_only_database),
    Fault("Redis replaced by its replica", "events", servers.redis_replaced),
    Fault("clock set back an hour", "events", servers.clock_off_by(-3_600)),
    Fault("clock set forward an hour", "events", servers.clock_off_by(3_600)),
    Fault("Redis half-open", "events", servers.half_open_redis),
    Fault("PostgreSQL half-open", "events", servers.half_open_postgres),
    Fault("Celery's keys deleted", "events", servers.celery_flushed),
    Fault("two beats", "events", servers.two_beats),
)
# Where events lie on a Redis Cluster.
CLUSTER_FAULTS = (
    Fault("node of the cluster killed", "events", servers.node_killed),
    Fault("node of the cluster hangs", "events", servers.node_hangs),
)
MAIL_FAULTS = (
    *(Fault(f"mail worker killed at {phase}", "mail", kills.killed_while_sending(phase)) for phase in PHASES),
    Fault("SMTP down", "mail", mailing.down),
    Fault("SMTP hangs up", "mail", mailing.answering("connect", mailing.drop)),
    Fault("SMTP silent at the greeting", "mail", mailing.answering("connect", mailing.hang)),
    Fault("SMTP silent after the dot", "mail", mailing.answering("dot", mailing.take_and_hang)),
    Fault("SMTP slow", "mail", mailing.answering("mail", mailing.slow)),
    Fault("SMTP refusing", "mail", mailing.answering("mail", "451 4.3.0 try again later")),
    Fault("SMTP throttling", "mail", mailing.answering("mail", "421 4.7.0 too many messages, slow down")),
    Fault("SMTP cuts before the dot", "mail", mailing.answering("body", mailing.drop)),
    Fault("SMTP cuts after the dot", "mail", mailing.answering("dot", mailing.take_and_drop)),
    Fault("SMTP refuses the EHLO name", "mail", mailing.answering("ehlo", HELO)),
    Fault("SMTP refuses the sender", "mail", mailing.answering("mail", SENDER)),
    Fault("SMTP does not know the sender", "mail", mailing.answering("dot", UNVERIFIED)),
    Fault("SMTP AUTH disabled for the tenant", "mail", mailing.answering("auth", DISABLED)),
    Fault("push service refusing", "mail", mailing.push_refusing),
    Fault("mail worker killed while pushing", "mail", kills.killed_while_pushing),
)
FAULTS = (*EVENT_FAULTS, *MAIL_FAULTS)


@contextmanager
def struck(world: World, fault: Fault, random: Random) -> Iterator[bool]:
    """The fault lasts as long as the body; whether it struck."""
    strike = fault.strike(world, random)
    try:
        yield next(strike)
    finally:
        next(strike, None)
