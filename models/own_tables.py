"""All tables of the escalation worker; only migrations and rights need them as classes."""

from typing import Final

from models import follow_up, inbox, mail, tickets
from models.base import OwnBase

MODULES: Final = (follow_up, inbox, mail, tickets)


def own_tables() -> list[str]:
    """Their names, in schema `escalation`."""
    return sorted(table.name for table in OwnBase.metadata.tables.values())
