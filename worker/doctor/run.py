"""All checks in the order in which they matter."""

from collections.abc import Callable, Iterator

from config.errors import ConfigurationError
from config.settings import Settings, get_settings
from worker.doctor import alerts, contacts, flower, mail, nodes, postgres, redis, settings
from worker.doctor.finding import Finding, Part

CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    settings.check,
    contacts.check,
    postgres.check,
    redis.check,
    mail.check,
    nodes.check,
    flower.check,
    alerts.check,
)


def examine() -> Iterator[Finding]:
    """Each finding as soon as it is known; without usable settings nothing else can be tried."""
    try:
        given = get_settings()
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Part("settings").broken("read the environment", line, "Set it as .env.example says.")
        yield from settings.misspelt()
        return
    for check in CHECKS:
        yield from check(given)
