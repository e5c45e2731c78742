"""The least rights: a role that has what `db grants` prints can do all its work, and not more."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from config.settings import get_settings
from demo.seed import seed
from escalation_client.events import Event
from services.database import engine as database
from services.database.engine import begin
from services.events.stream import StreamEntry
from services.installation import Installation
from services.privacy.erasure import erase, traces_of
from services.schema.grants import Purpose, UnknownRole, grants, missing_rights
from services.schema.introspection import DifferenceKind
from services.schema.migrate import NotAdoptable, check, migrate
from services.tickets.actions import acknowledge, resolve
from tasks.evaluation.batch import write
from tests.events import confidence, message
from tests.services.schema.rows import rows
from tests.tasks.conftest import entries, installation, publish, redis

__all__ = ["entries", "installation", "publish", "redis"]

NUMBERS = count(1)


@pytest.fixture
def role(migrated: Engine) -> Iterator[str]:
    """A role without any right; roles belong to the server, not to a database."""
    yield from made_role(migrated)


def made_role(engine: Engine) -> Iterator[str]:
    name = f"Worker of test {next(NUMBERS)}"
    with engine.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{name}" LOGIN'))
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    yield name
    with engine.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{name}"'))
        connection.execute(text(f'DROP ROLE "{name}"'))


def give(engine: Engine, role: str, purpose: Purpose) -> None:
    with engine.begin() as connection:
        for statement in grants(connection, role, purpose):
            connection.execute(text(statement))


def lacking(connection: Connection, role: str) -> list[str]:
    return [str(one) for one in check(connection, role) if one.kind is DifferenceKind.RIGHTS]


def as_role(engine: Engine, role: str) -> Engine:
    return create_engine(engine.url.set(username=role))


def test_a_role_without_rights_is_told_each_grant_and_then_lacks_none(migrated: Engine, role: str) -> None:
    with migrated.begin() as connection:
        told = lacking(connection, role)
        assert any(f'GRANT UPDATE (status, updated_at) ON TABLE public.ai_sessions TO "{role}";' in one for one in told)
        for one in told:
            connection.execute(text(one[one.index("GRANT ") :]))
        assert lacking(connection, role) == []


def test_a_role_that_is_not_there_is_named(migrated: Engine) -> None:
    with migrated.connect() as connection, pytest.raises(UnknownRole, match="no role 'nobody'"):
        missing_rights(connection, "application", "nobody")


@pytest.mark.parametrize(
    "forbidden",
    [
        "INSERT INTO escalation.audit_log (actor, table_name, action) VALUES ('x', 'x', 'x')",
        "UPDATE escalation.audit_log SET actor = 'somebody else'",
        "DELETE FROM escalation.audit_log",
        "TRUNCATE escalation.audit_log",
        "DROP TABLE escalation.audit_log",
        "DELETE FROM public.support_tickets",
        "TRUNCATE public.support_tickets CASCADE",
        "UPDATE public.support_tickets SET ticket_number = ''",
        "UPDATE public.ai_sessions SET user_id = ''",
        "UPDATE public.ai_messages SET content = ''",
        "DROP TABLE public.support_tickets",
        "ALTER TABLE public.support_tickets DISABLE TRIGGER ALL",
        "CREATE TABLE escalation.more (id int)",
    ],
)
def test_the_worker_s_role_can_neither_change_the_log_nor_take_anything_away(
    migrated: Engine, role: str, forbidden: str
) -> None:
    give(migrated, role, "application")
    limited = as_role(migrated, role)
    with limited.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.execute(text(forbidden))
    limited.dispose()


def test_the_worker_s_role_may_have_the_log_forget_what_is_old(migrated: Engine, role: str) -> None:
    forget = text("SELECT escalation.forget_audit('31 days', 10)")
    limited = as_role(migrated, role)
    with limited.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(forget)
    give(migrated, role, "application")
    with limited.begin() as connection:
        assert connection.execute(forget).all() == []
    limited.dispose()


@pytest.fixture
def limited_installation(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> Iterator[Installation]:
    """The worker with the application's role."""
    owner = create_engine(database.driver_url(database_url))
    roles = made_role(owner)
    role = next(roles)
    give(owner, role, "application")
    database.engine().dispose()
    database.engine.cache_clear()
    url = owner.url.set(drivername="postgresql", username=role).render_as_string(hide_password=False)
    limited = installation.settings.model_copy(update={"database_url": type(installation.settings.database_url)(url)})
    monkeypatch.setenv("DATABASE_URL", url)
    get_settings.cache_clear()
    yield Installation(installation.policy, installation.contacts, limited)
    database.engine().dispose()
    assert list(roles) == []
    owner.dispose()


def test_batches_and_ticket_actions_need_no_more_than_the_grants(
    limited_installation: Installation, entries: Callable[[Sequence[Event | str]], list[StreamEntry]]
) -> None:
    events: list[Any] = [message("s", "there is smoke from the cabinet"), confidence("t", 0.1), "no event"]
    written = write(entries(events), limited_installation)
    assert (written.result.opened, written.result.rejected) == (2, 1)
    write(entries([confidence("s", 0.1, seconds=2)]), limited_installation)
    with begin() as connection:
        assert "Worker of test" in str(connection.execute(text("SELECT current_user")).scalar())
        ticket = rows(connection, "SELECT ticket_number FROM public.support_tickets ORDER BY ticket_number")[0]
        acknowledge(connection, ticket["ticket_number"], "Maria")
        resolve(connection, ticket["ticket_number"], "Maria", "Done")
        audit = rows(connection, "SELECT actor, action FROM escalation.audit_log WHERE table_name = 'support_tickets'")
    assert {"actor": "worker", "action": "insert"} in audit
    assert any(entry["action"] == "update" for entry in audit)


def test_an_owner_with_the_printed_rights_can_migrate_tables_that_belong_to_abparts(abparts: Engine) -> None:
    roles = made_role(abparts)
    role = next(roles)
    limited = as_role(abparts, role)
    with pytest.raises(NotAdoptable, match="TRIGGER"):
        migrate(limited)
    with abparts.connect() as connection:
        assert connection.execute(text("SELECT to_regnamespace('escalation')")).scalar() is None
    give(abparts, role, "owner")
    migrate(limited)
    with abparts.connect() as connection:
        assert [one for one in check(connection, role) if one.kind is DifferenceKind.STATE] == []
    limited.dispose()
    with abparts.begin() as connection:
        connection.execute(text("DROP SCHEMA escalation CASCADE"))
    assert list(roles) == []


def test_an_owner_with_the_printed_rights_can_erase_a_person_whose_address_it_may_not_read(abparts: Engine) -> None:
    roles = made_role(abparts)
    role = next(roles)
    with abparts.begin() as connection:
        seed(connection)
    give(abparts, role, "owner")
    limited = as_role(abparts, role)
    migrate(limited)
    with limited.begin() as connection:
        assert erase(connection, "user-1")["audit log"] > 0
        assert not traces_of(connection, "user-1").searched
    limited.dispose()
    with abparts.begin() as connection:
        connection.execute(text("UPDATE ai_sessions SET language = 'el' WHERE user_id = 'user-1'"))
        (kept,) = rows(connection, "SELECT count(*) AS n FROM escalation.audit_log WHERE new ->> 'user_id' = 'user-1'")
        connection.execute(text("DROP SCHEMA escalation CASCADE"))
    assert kept == {"n": 0}
    assert list(roles) == []


def test_abparts_role_needs_no_right_for_the_audit(adopted: Engine) -> None:
    roles = made_role(adopted)
    role = next(roles)
    with adopted.begin() as connection:
        connection.execute(text(f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{role}"'))
    limited = as_role(adopted, role)
    with limited.begin() as connection:
        connection.execute(text("UPDATE support_tickets SET status = 'closed' WHERE id = 't1'"))
    with limited.connect() as connection, pytest.raises(DBAPIError, match="permission denied for schema escalation"):
        connection.execute(text("SELECT * FROM escalation.audit_log"))
    limited.dispose()
    with adopted.connect() as connection:
        (entry,) = rows(connection, "SELECT actor, row_id FROM escalation.audit_log WHERE action = 'update'")
    assert entry == {"actor": role, "row_id": "t1"}
    assert list(roles) == []


def test_the_rights_on_abparts_users_are_those_columns_that_a_ticket_tells(migrated: Engine, role: str) -> None:
    with migrated.begin() as connection:
        seed(connection)
        connection.execute(text("ALTER TABLE users ADD COLUMN IF NOT EXISTS password_hash VARCHAR"))
    give(migrated, role, "application")
    with migrated.connect() as connection:
        may = rows(
            connection,
            "SELECT has_column_privilege(:role, 'users', 'email', 'SELECT') AS email, "
            "has_column_privilege(:role, 'users', 'password_hash', 'SELECT') AS hash".replace(":role", f"'{role}'"),
        )
        assert lacking(connection, role) == []
    assert may == [{"email": True, "hash": False}]
