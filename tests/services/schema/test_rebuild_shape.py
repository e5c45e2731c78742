"""What hangs on a table comes back with it: keys, owner, rights, triggers, protection; and when it is better not to."""

import pytest
from sqlalchemy import Engine, text

from services.schema.introspection import DifferenceKind
from services.schema.migrate import check, migrate
from services.schema.protection import protect, unprotected
from services.schema.rebuild import NothingRemembered, TableMismatch, make_plan, rebuild
from tests.services.schema.accident import AUDITED, THE_ACCIDENT, apply, plan, run, state
from tests.services.schema.rows import contents


def test_messages_come_back_as_an_empty_table_and_it_says_so(lived: Engine) -> None:
    run(lived, "DROP TABLE ai_messages", THE_ACCIDENT)
    report = apply(lived)
    assert report.refused == []
    assert any(line.startswith("ai_messages") for line in report.plan.unknown)
    with lived.connect() as connection:
        assert contents(connection, "ai_messages") == []
        assert [one for one in check(connection) if one.kind is not DifferenceKind.NOTE] == []


def test_a_foreign_key_that_no_longer_holds_is_left_to_somebody(lived: Engine) -> None:
    run(lived, THE_ACCIDENT, "UPDATE expert_feedback SET session_id = 'gone' WHERE id = 'f1'")
    (statement, reason) = apply(lived).refused[0]
    assert statement.endswith(
        'ALTER TABLE public.expert_feedback VALIDATE CONSTRAINT "expert_feedback_session_id_fkey"'
    )
    assert "violates foreign key constraint" in reason
    with lived.connect() as connection, pytest.raises(Exception, match="violates foreign key constraint"):
        connection.execute(text("UPDATE expert_feedback SET session_id = 'nowhere' WHERE id = 'f2'"))


def test_owners_grants_defaults_and_other_triggers_come_back(abparts: Engine) -> None:
    run(abparts, 'CREATE ROLE abparts_owner; CREATE ROLE "Reader of reports"',
        "GRANT ALL ON SCHEMA public TO abparts_owner",
        "ALTER TABLE support_tickets OWNER TO abparts_owner",
        'GRANT SELECT, UPDATE (status) ON support_tickets TO "Reader of reports"',
        "ALTER TABLE ai_sessions ALTER status SET DEFAULT 'active: new'",
        "ALTER TABLE ai_sessions ADD CHECK (language <> 'x:y' AND language NOT LIKE '%z')",
        "CREATE TRIGGER theirs BEFORE UPDATE ON ai_sessions FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()")  # fmt: skip
    migrate(abparts)
    before = state(abparts)
    run(abparts, THE_ACCIDENT)
    assert apply(abparts).refused == []
    after = state(abparts)
    run(abparts, "REASSIGN OWNED BY abparts_owner TO CURRENT_USER",
        "DROP OWNED BY abparts_owner; DROP ROLE abparts_owner",
        'DROP OWNED BY "Reader of reports"; DROP ROLE "Reader of reports"')  # fmt: skip
    assert after == before
    assert before["shape"]["support_tickets"]["grants"]


def test_a_table_made_again_in_another_shape_is_told_and_left_alone(lived: Engine) -> None:
    run(lived, THE_ACCIDENT, "CREATE TABLE ai_sessions (session_id uuid PRIMARY KEY, user_id varchar NOT NULL)")
    with pytest.raises(TableMismatch, match=r"public\.ai_sessions\.id is missing"):
        plan(lived)


def test_what_was_protected_is_protected_again(lived: Engine) -> None:
    with lived.begin() as connection:
        protect(connection)
        connection.execute(text(THE_ACCIDENT))
        assert len(unprotected(connection)) == 3
        rebuild(connection)
        assert unprotected(connection) == []


def test_a_database_that_was_never_adopted_has_nothing_to_restore_from(empty: Engine) -> None:
    with empty.connect() as connection, pytest.raises(NothingRemembered, match="never migrated"):
        make_plan(connection)


def test_migrating_after_the_accident_says_what_to_do(lived: Engine) -> None:
    run(lived, THE_ACCIDENT)
    left = [one for one in migrate(lived) if one.kind is DifferenceKind.STATE]
    assert {one.place for one in left} == {f"public.{name}" for name in AUDITED}
    assert all("db rebuild" in one.remedy for one in left)
    apply(lived)
