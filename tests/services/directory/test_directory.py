"""People and machines of ABParts, whole, in part, or not there at all."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from services.directory import build_machine_context, load_machines, load_people
from tests.services.counting import statements

NIKOS = "0b000000-0000-4000-8000-000000000001"
NAMELESS = "0b000000-0000-4000-8000-000000000004"
HASSAN = "0b000000-0000-4000-8000-000000000009"
KEF_5 = "0c000000-0000-4000-8000-000000000001"
BARE = "0c000000-0000-4000-8000-000000000012"
NOBODY = "ffffffff-0000-4000-8000-00000000ffff"
MACHINES = [f"0c000000-0000-4000-8000-0000000000{number:02}" for number in range(1, 13)]
TABLES = ("machine_maintenance", "machine_hours", "machines", "users", "organizations")


def test_a_person_comes_with_organisation_and_a_guess_of_the_time_zone(seeded: Connection) -> None:
    nikos = load_people(seeded, [NIKOS])[NIKOS]
    assert (nikos.name, nikos.role, nikos.preferred_language) == ("Νίκος Βεργωτής", "user", "el")
    assert nikos.email == "nikos.vergotis@ainos.example.com"
    assert nikos.organisation is not None
    assert (nikos.organisation.name, nikos.organisation.country) == ("Ainos Sea Farms", "GR")
    assert nikos.organisation.address == "Limani Agias Effimias, 280 81 Kefalonia, Greece"
    assert nikos.time_zone == "Europe/Athens"


def test_a_person_without_a_name_is_called_by_the_login(seeded: Connection) -> None:
    nameless = load_people(seeded, [NAMELESS])[NAMELESS]
    assert nameless.name is None
    assert nameless.called == "barge2"


def test_an_organisation_may_have_no_address(seeded: Connection) -> None:
    organisation = load_people(seeded, [HASSAN])[HASSAN].organisation
    assert organisation is not None
    assert (organisation.address, organisation.contact_info) == (None, None)


@pytest.mark.parametrize("user_id", ["", "unknown", "user-1", "{", "12345", NIKOS + "0", NOBODY, "नमस्ते"])
def test_an_id_that_is_nobody_s_finds_nobody_and_hides_no_other(seeded: Connection, user_id: str) -> None:
    assert list(load_people(seeded, [user_id, NIKOS])) == [NIKOS]
    assert load_machines(seeded, [user_id]) == {}


def test_any_spelling_of_an_id_finds_the_same(seeded: Connection) -> None:
    spellings = [NIKOS.upper(), NIKOS.replace("-", ""), f"{{{NIKOS}}}"]
    assert {person.id for person in load_people(seeded, spellings).values()} == {load_people(seeded, [NIKOS])[NIKOS].id}
    assert list(load_people(seeded, spellings)) == spellings


def test_a_machine_comes_with_papers_hours_and_maintenance(seeded: Connection) -> None:
    machine = load_machines(seeded, [KEF_5])[KEF_5]
    assert (machine.name, machine.model, machine.serial_number) == ("KEF-5", "V4.0", "AB4-2023-0117")
    assert machine.hours == Decimal("1788.00")
    assert [entry.kind for entry in machine.maintenance] == ["repair", "scheduled"]
    assert machine.last_maintenance == machine.maintenance[0].at.date()
    assert machine.warranty_until is not None
    assert machine.organisation is not None
    assert machine.organisation.name == "Ainos Sea Farms"


def test_a_machine_of_which_little_is_known(seeded: Connection) -> None:
    machine = load_machines(seeded, [BARE])[BARE]
    assert (machine.hours, machine.location, machine.warranty_until, machine.maintenance) == (None, None, None, ())


@pytest.mark.parametrize("never", ["20266-01-01", "infinity", "-infinity", "0044-03-15 BC"])
def test_a_time_that_nobody_can_mean_is_unknown(seeded: Connection, never: str) -> None:
    """Python knows no year beyond 9999."""
    told = load_machines(seeded, [KEF_5])[KEF_5]
    changes = {
        "machines": "next_maintenance_date = :never",
        "machine_hours": "recorded_date = :never WHERE recorded_date = (SELECT max(recorded_date) FROM machine_hours)",
        "machine_maintenance": "maintenance_date = :never",
    }
    for table, change in changes.items():
        seeded.execute(text(f"UPDATE {table} SET {change}"), {"never": never})
    machine = load_machines(seeded, [KEF_5])[KEF_5]
    assert (machine.next_maintenance, machine.maintenance) == (None, ())
    assert machine.warranty_until == told.warranty_until
    assert set(machine.hours_history) < set(told.hours_history)


def test_only_the_newest_readings_are_told(seeded: Connection) -> None:
    seeded.execute(
        text("""
            INSERT INTO machine_hours (id, machine_id, hours_value, recorded_date)
            SELECT gen_random_uuid(), :machine, 3000 + n, now() + n * interval '1 day' FROM generate_series(1, 100) AS n
        """),
        {"machine": BARE},
    )
    machine = load_machines(seeded, [BARE, KEF_5])[BARE]
    assert machine.hours == 3100
    assert [reading.value for reading in machine.hours_history] == [3100 - n for n in range(12)]


def test_the_context_of_a_machine_has_abparts_shape_and_is_json(seeded: Connection) -> None:
    gathered = {
        "recent_maintenance": ["not used"],
        "recent_parts_usage": [{"part": "inlet filter"}],
        "maintenance_suggestions": ["Grease the winch"],
    }
    context = build_machine_context(load_machines(seeded, [KEF_5])[KEF_5], {"machine_context": gathered})
    assert json.loads(json.dumps(context)) == context
    assert list(context) == [
        "machine_details",
        "maintenance_history",
        "parts_usage",
        "hours_history",
        "maintenance_suggestions",
    ]
    assert context["machine_details"]["current_hours"] == 1788.0
    assert [entry["type"] for entry in context["maintenance_history"]] == ["repair", "scheduled"]
    assert context["parts_usage"] == [{"part": "inlet filter"}]
    assert context["maintenance_suggestions"] == ["Grease the winch"]


@pytest.mark.parametrize("metadata", [{}, {"machine_context": None}, {"machine_context": {"hours_history": "x"}}])
def test_the_assistant_may_have_gathered_nothing(seeded: Connection, metadata: dict[str, object]) -> None:
    context = build_machine_context(load_machines(seeded, [BARE])[BARE], metadata)
    assert (context["parts_usage"], context["hours_history"], context["maintenance_history"]) == ([], [], [])


def test_without_abparts_tables_nothing_is_known_and_the_transaction_goes_on(connection: Connection) -> None:
    assert load_people(connection, [NIKOS]) == {}
    assert load_machines(connection, [KEF_5]) == {}
    assert connection.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.parametrize("missing", TABLES)
def test_one_missing_table_takes_only_its_own_facts_away(seeded: Connection, missing: str) -> None:
    seeded.execute(text(f"DROP TABLE public.{missing} CASCADE"))
    people, machines = load_people(seeded, [NIKOS]), load_machines(seeded, [KEF_5])
    assert bool(people) == (missing != "users")
    assert bool(machines) == (missing != "machines")
    for machine in machines.values():
        assert bool(machine.hours_history) == (missing != "machine_hours")
        assert bool(machine.maintenance) == (missing != "machine_maintenance")
        assert bool(machine.organisation) == (missing != "organizations")


def test_a_missing_column_takes_only_itself_away(seeded: Connection) -> None:
    seeded.execute(text("ALTER TABLE public.machines DROP COLUMN location, DROP COLUMN customer_organization_id"))
    seeded.execute(text("ALTER TABLE public.machine_hours DROP COLUMN recorded_date"))
    machine = load_machines(seeded, [KEF_5])[KEF_5]
    assert (machine.location, machine.organisation, machine.hours, machine.name) == (None, None, None, "KEF-5")


def test_columns_that_we_may_not_read_are_unknown(seeded: Connection) -> None:
    seeded.execute(text("CREATE ROLE guest_of_abparts"))
    seeded.execute(text("GRANT SELECT (id, email) ON public.users TO guest_of_abparts"))
    seeded.execute(text("SET LOCAL ROLE guest_of_abparts"))
    nikos = load_people(seeded, [NIKOS])[NIKOS]
    assert (nikos.email, nikos.name, nikos.organisation) == ("nikos.vergotis@ainos.example.com", None, None)
    assert load_machines(seeded, [KEF_5]) == {}


def test_a_country_that_abparts_adds_later_is_shown_as_it_is(seeded: Connection) -> None:
    seeded.execute(text("ALTER TABLE public.organizations ALTER country TYPE text"))
    seeded.execute(text("UPDATE public.organizations SET country = 'CL'"))
    nikos = load_people(seeded, [NIKOS])[NIKOS]
    assert nikos.organisation is not None
    assert (nikos.organisation.country, nikos.time_zone) == ("CL", None)


def test_a_dozen_takes_as_many_statements_as_one(seeded: Connection) -> None:
    with statements(seeded) as for_one:
        load_machines(seeded, MACHINES[:1])
        load_people(seeded, [NIKOS])
    with statements(seeded) as for_all:
        assert len(load_machines(seeded, MACHINES)) == 12
        assert len(load_people(seeded, [NIKOS, NAMELESS, HASSAN])) == 3
    assert len(for_one) == len(for_all) == 8


def test_no_id_takes_no_statement(connection: Connection) -> None:
    with statements(connection) as seen:
        load_people(connection, ["unknown"])
        load_machines(connection, [])
    assert seen == []
