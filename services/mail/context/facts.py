"""What is known of the user, the machine and the ticket, as labelled lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.directory import MachineRecord
from services.mail.i18n.labels import (
    MACHINE_STATUSES,
    MAINTENANCE_KINDS,
    PRIORITIES,
    REASONS,
    ROLES,
    SESSION_STATUSES,
    STATUSES,
)
from services.mail.i18n.presenter import Teller
from services.mail.sanitize import direction
from services.ticket_details import RelatedTicket, Story

MOST_MAINTENANCE = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; a code keeps its order from left to right in every language."""

    label: str
    value: str
    is_code: bool = False

    @property
    def direction(self) -> str:
        return "ltr" if self.is_code else direction(self.value)


def known(facts: Iterable[tuple[str, str | None] | tuple[str, str | None, bool]]) -> list[Fact]:
    return [Fact(label, value, *code) for label, value, *code in facts if value]


def about_user(story: Story, teller: Teller) -> list[Fact]:
    """Who is in trouble, where, and what time it is there."""
    return known(user_facts(story, teller))


def user_facts(story: Story, teller: Teller) -> Iterator[tuple[str, str | None] | tuple[str, str | None, bool]]:
    if user := story.user:
        role = teller.word(user.role, ROLES)
        name = teller.name(user.called)
        yield teller.say("Name"), f"{name} ({role})" if role and name else name
        yield teller.say("E-mail"), teller.name(user.email), True
    elif story.session.user_id:
        yield teller.say("User id"), teller.name(story.session.user_id), True
    if language := story.language:
        yield teller.say("Language"), teller.manners.language_name(teller.name(language))
    if user and (organisation := user.organisation):
        country = organisation.country and teller.manners.country(teller.name(organisation.country))
        yield (
            teller.say("Organisation"),
            teller.manners.comma.join(filter(None, [teller.name(organisation.name), country])),
        )
        yield teller.say("Address"), teller.name(organisation.address)
        yield teller.say("Reachable by"), teller.name(organisation.contact_info)


def about_machine(story: Story, teller: Teller) -> list[Fact]:
    """What machine it is, how old and how well cared for."""
    if machine := story.machine:
        return known(machine_facts(machine, teller))
    return known([(teller.say("Machine id"), teller.name(story.session.machine_id), True)])


def machine_facts(
    machine: MachineRecord, teller: Teller
) -> Iterator[tuple[str, str | None] | tuple[str, str | None, bool]]:
    yield teller.say("Name"), teller.name(machine.name)
    yield teller.say("Model"), teller.name(machine.model), True
    yield teller.say("Serial number"), teller.name(machine.serial_number), True
    yield teller.say("Operating hours"), hours(machine, teller)
    yield teller.say("Location"), teller.name(machine.location)
    yield teller.say("Owner"), teller.name(machine.organisation.name if machine.organisation else None)
    yield teller.say("Status"), teller.word(machine.status, MACHINE_STATUSES)
    yield teller.say("Warranty until"), day(machine.warranty_until, teller)
    yield teller.say("Last maintenance"), day(machine.last_maintenance, teller)
    yield teller.say("Next maintenance"), day(machine.next_maintenance, teller)
    for entry in machine.maintenance[:MOST_MAINTENANCE]:
        kind = teller.word(entry.kind, MAINTENANCE_KINDS)
        told = ": ".join(filter(None, [kind, teller.short(entry.description)]))
        yield teller.say("Maintenance %(day)s", day=day(entry.at, teller)), told
    yield teller.say("Notes on the machine"), teller.short(machine.notes)


def hours(machine: MachineRecord, teller: Teller) -> str | None:
    if not machine.hours_history:
        return None
    newest = machine.hours_history[0]
    return teller.say("%(hours)s (read %(day)s)", hours=teller.manners.number(newest.value), day=day(newest.at, teller))


def day(moment: date | None, teller: Teller) -> str | None:
    return teller.manners.day(moment) if moment else None


def about_ticket(story: Story, teller: Teller) -> list[Fact]:
    """The ticket's own lines, for the end of the mail."""
    ticket, session = story.ticket, story.session
    return known(
        [
            (teller.say("Ticket"), teller.name(ticket.number), True),
            (teller.say("Priority"), teller.word(ticket.priority, PRIORITIES)),
            (teller.say("Status"), teller.word(ticket.status, STATUSES)),
            (teller.say("Created"), teller.manners.both(ticket.opened_at)),
            (teller.say("Acknowledged by"), teller.name(ticket.acknowledged_by)),
            (teller.say("Session"), teller.name(session.session_id), True),
            (teller.say("Session status"), teller.word(session.status, SESSION_STATUSES)),
            (teller.say("Session started"), teller.manners.both(session.started_at) if session.started_at else None),
        ]
    )


def lines(tickets: Iterable[RelatedTicket], teller: Teller) -> list[str]:
    """Other tickets, a line each."""
    return [
        " · ".join(
            [
                teller.name(one.number),
                teller.word(one.priority, PRIORITIES),
                teller.word(one.status, STATUSES),
                teller.word(one.reason, REASONS),
                teller.manners.day(one.opened_at),
            ]
        )
        for one in tickets
    ]
