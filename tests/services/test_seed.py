"""The examples in ABParts' tables."""

from sqlalchemy import Connection, text

from demo.seed import seed
from services.directory import load_machines

COUNTS = text("""
    SELECT (SELECT count(*) FROM organizations), (SELECT count(*) FROM users), (SELECT count(*) FROM machines),
           (SELECT count(*) FROM machine_hours), (SELECT count(*) FROM machine_maintenance)
""")


def test_doing_it_again_changes_nothing(connection: Connection) -> None:
    seed(connection)
    before = connection.execute(COUNTS).one()
    seed(connection)
    assert connection.execute(COUNTS).one() == before
    assert before[2] == 12


def test_countries_roles_and_states_are_enum_types_as_in_abparts(connection: Connection) -> None:
    seed(connection)
    enums = connection.execute(
        text("""
            SELECT table_name || '.' || column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND data_type = 'USER-DEFINED'
        """)
    ).scalars()
    assert set(enums) == {
        "organizations.organization_type",
        "organizations.country",
        "users.role",
        "machines.status",
        "machine_maintenance.maintenance_type",
    }


def test_the_countries_are_several_and_the_machines_belong_to_somebody(connection: Connection) -> None:
    seed(connection)
    ids = connection.execute(text("SELECT CAST(id AS text) FROM machines")).scalars().all()
    owners = [machine.organisation for machine in load_machines(connection, ids).values()]
    assert len({owner.country for owner in owners if owner}) >= 6
    assert all(owners)
