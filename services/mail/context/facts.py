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
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import direction, isolated
from services.ticket_details import RelatedTicket, TicketDetails

_MOST_MAINTENANCE = 3
_MOST_PARTS = 5


@dataclass(frozen=True, slots=True)
class _Fact:
    """A label and its value; a code keeps its order from left to right in every language."""

    label: str
    value: str
    is_code: bool = False

    @property
    def direction(self) -> str:
        return "ltr" if self.is_code else direction(self.value)


def _keep_known(facts: Iterable[tuple[str, str | None] | tuple[str, str | None, bool]]) -> list[_Fact]:
    return [_Fact(label, value, *code) for label, value, *code in facts if value]


def describe_person(details: TicketDetails, presenter: Presenter) -> list[_Fact]:
    """Who is in trouble, where, and what time it is there."""
    return _keep_known(_user_facts(details, presenter))


def _user_facts(
    details: TicketDetails, presenter: Presenter
) -> Iterator[tuple[str, str | None] | tuple[str, str | None, bool]]:
    if user := details.user:
        role = presenter.word(user.role, ROLES)
        name = presenter.name(user.called)
        yield presenter.say("Name"), f"{name} ({role})" if role and name else name
        yield presenter.say("E-mail"), presenter.name(user.email), True
    elif details.session.user_id:
        yield presenter.say("User id"), presenter.name(details.session.user_id), True
    if language := details.language:
        yield presenter.say("Language"), presenter.formatter.language_name(presenter.name(language))
    if user and (organisation := user.organisation):
        country = organisation.country and presenter.formatter.country(presenter.name(organisation.country))
        yield (
            presenter.say("Organisation"),
            presenter.formatter.comma.join(filter(None, [presenter.name(organisation.name), country])),
        )
        yield presenter.say("Address"), presenter.name(organisation.address)
        yield presenter.say("Reachable by"), presenter.name(organisation.contact_info)


def describe_machine(details: TicketDetails, presenter: Presenter) -> list[_Fact]:
    """What machine it is, how old and how well cared for."""
    if machine := details.machine:
        parts = [(presenter.say("Parts used"), _list_parts(details, presenter))]
        return _keep_known([*_machine_facts(machine, presenter), *parts])
    reported = details.reported_machine
    return _keep_known(
        [
            (presenter.say("Name"), presenter.name(reported.name)),
            (presenter.say("Model"), presenter.name(reported.model), True),
            (presenter.say("Serial number"), presenter.name(reported.serial_number), True),
            (presenter.say("Machine id"), presenter.name(details.session.machine_id), True),
            (presenter.say("Parts used"), _list_parts(details, presenter)),
        ]
    )


def _list_parts(details: TicketDetails, presenter: Presenter) -> str:
    return "; ".join(presenter.short(part) for part in details.reported_machine.parts[:_MOST_PARTS])


def _machine_facts(
    machine: MachineRecord, presenter: Presenter
) -> Iterator[tuple[str, str | None] | tuple[str, str | None, bool]]:
    yield presenter.say("Name"), presenter.name(machine.name)
    yield presenter.say("Model"), presenter.name(machine.model), True
    yield presenter.say("Serial number"), presenter.name(machine.serial_number), True
    yield presenter.say("Operating hours"), _format_hours(machine, presenter)
    yield presenter.say("Location"), presenter.name(machine.location)
    yield presenter.say("Owner"), presenter.name(machine.organisation.name if machine.organisation else None)
    yield presenter.say("Status"), presenter.word(machine.status, MACHINE_STATUSES)
    yield presenter.say("Warranty until"), _format_day(machine.warranty_until, presenter)
    yield presenter.say("Last maintenance"), _format_day(machine.last_maintenance, presenter)
    yield presenter.say("Next maintenance"), _format_day(machine.next_maintenance, presenter)
    for entry in machine.maintenance[:_MOST_MAINTENANCE]:
        kind, work = presenter.word(entry.kind, MAINTENANCE_KINDS), presenter.short(entry.description)
        work = ": ".join(filter(None, [kind, work and isolated(work, presenter.language)]))
        yield presenter.say("Maintenance %(day)s", day=_format_day(entry.at, presenter)), work
    yield presenter.say("Notes on the machine"), presenter.short(machine.notes)


def _format_hours(machine: MachineRecord, presenter: Presenter) -> str | None:
    if not machine.hours_history:
        return None
    newest = machine.hours_history[0]
    return presenter.say(
        "%(hours)s (read %(day)s)",
        hours=presenter.formatter.number(newest.value),
        day=_format_day(newest.at, presenter),
    )


def _format_day(moment: date | None, presenter: Presenter) -> str | None:
    return presenter.formatter.day(moment) if moment else None


def describe_ticket(details: TicketDetails, presenter: Presenter) -> list[_Fact]:
    """The ticket's own lines, for the end of the mail."""
    ticket, session = details.ticket, details.session
    return _keep_known(
        [
            (presenter.say("Ticket"), presenter.name(ticket.number), True),
            (presenter.say("Priority"), presenter.word(ticket.priority, PRIORITIES)),
            (presenter.say("Status"), presenter.word(ticket.status, STATUSES)),
            (presenter.say("Created"), presenter.formatter.both(ticket.opened_at)),
            (presenter.say("Acknowledged by"), presenter.name(ticket.acknowledged_by)),
            _session_fact(details, presenter),
            (presenter.say("Session status"), presenter.word(session.status, SESSION_STATUSES)),
            (
                presenter.say("Session started"),
                presenter.formatter.both(session.started_at) if session.started_at else None,
            ),
        ]
    )


def _session_fact(details: TicketDetails, presenter: Presenter) -> tuple[str, str, bool]:
    session_id = presenter.name(details.session.session_id)
    if details.conversation.session_unknown:
        unknown = presenter.say("unknown, since the assistant lost its id; kept as %(id)s", id=session_id)
        return presenter.say("Session"), unknown, False
    return presenter.say("Session"), session_id, True


def list_related(tickets: Iterable[RelatedTicket], presenter: Presenter) -> list[str]:
    """Other tickets, a line each."""
    return [
        " · ".join(
            [
                isolated(presenter.name(ticket.number), presenter.language),
                presenter.word(ticket.priority, PRIORITIES),
                presenter.word(ticket.status, STATUSES),
                presenter.word(ticket.reason, REASONS),
                presenter.formatter.day(ticket.opened_at),
            ]
        )
        for ticket in tickets
    ]
