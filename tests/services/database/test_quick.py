"""Statements past SQLAlchemy: the same rows and errors, and fewer messages to the server."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError

from config.settings import get_settings
from services.database import engine as database
from services.database.engine import begin_in_few_trips, driver_url, make_engine, standalone
from services.database.errors import DatabaseFailure, classify_failure
from services.database.prepared import prepared
from services.database.quick import fetch, in_few_trips, run, transaction, write
from tests.services.database.test_session import settings_for

ADD = prepared("INSERT INTO kept (number) SELECT unnest(CAST(:numbers AS bigint[]))")
READ = prepared("SELECT number, '%' || number AS word FROM kept WHERE number >= CAST(:least AS bigint) ORDER BY number")
ALL = text("SELECT array(SELECT number FROM kept ORDER BY number)")
PLANNED = text("SELECT generic_plans + custom_plans FROM pg_prepared_statements")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(database_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (number bigint PRIMARY KEY)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE kept"))
    engine.dispose()


def add(connection: Connection, *numbers: int) -> None:
    for number in numbers:
        write(connection, ADD, {"numbers": [number]})


def add_and_fail(connection: Connection) -> None:
    add(connection, 1)
    fetch(connection, READ, {"least": 0})
    add(connection, 2)
    raise LookupError


def kept_by(connection: Connection) -> list[int]:
    numbers: list[int] = connection.execute(ALL).scalar_one()
    return numbers


def kept(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return kept_by(connection)


def test_rows_have_the_names_of_their_columns_and_a_statement_is_prepared_once(engine: Engine) -> None:
    with engine.begin() as connection:
        write(connection, ADD, {"numbers": [1, 2, 3]})
        assert fetch(connection, READ, {"least": 2}) == [{"number": 2, "word": "%2"}, {"number": 3, "word": "%3"}]
        assert connection.execute(READ, {"least": 3}).all() == [(3, "%3")]
        assert sorted(connection.execute(PLANNED).scalars()) == [1, 2]
    assert kept(engine) == [1, 2, 3]


def test_what_is_written_is_committed_as_by_the_connection_itself(engine: Engine) -> None:
    with engine.connect() as connection:
        write(connection, ADD, {"numbers": [1]})
        connection.commit()
        write(connection, ADD, {"numbers": [2]})
    assert kept(engine) == [1]


def test_errors_are_those_of_the_connection_without_the_rows_that_postgresql_quotes(engine: Engine) -> None:
    with engine.begin() as connection:
        write(connection, ADD, {"numbers": [7]})
    with engine.connect() as connection, pytest.raises(IntegrityError) as raised:
        write(connection, ADD, {"numbers": [7]})
    assert classify_failure(raised.value) is DatabaseFailure.CONTENT
    assert "(number)=(7)" not in str(raised.value)


def test_a_mistake_of_ours_stays_what_it_is(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(TypeError, match="a list for PostgreSQL"):
        run(connection, ADD, {"numbers": [object()]})


def end_session(connection: Connection, engine: Engine) -> None:
    process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with engine.begin() as other:
        other.execute(text("SELECT pg_terminate_backend(:process, 1000)"), {"process": process})


def test_a_lost_connection_is_given_up(engine: Engine) -> None:
    with engine.connect() as connection:
        end_session(connection, engine)
        with pytest.raises(DBAPIError) as raised:
            run(connection, READ, {"least": 1})
        assert classify_failure(raised.value) is DatabaseFailure.INFRASTRUCTURE
        assert connection.invalidated
        with pytest.raises(PendingRollbackError) as again:
            run(connection, READ, {"least": 1})
        assert classify_failure(again.value) is DatabaseFailure.INFRASTRUCTURE
    assert kept(engine) == []


@pytest.mark.parametrize("quickly", [True, False])
def test_what_waits_goes_with_the_next_statement_of_any_kind(engine: Engine, quickly: bool) -> None:
    with engine.begin() as connection, in_few_trips(connection):
        write(connection, ADD, {"numbers": [1]})
        write(connection, ADD, {"numbers": [2]})
        found = fetch(connection, READ, {"least": 0}) if quickly else connection.execute(ALL).scalar_one()
        assert len(found) == 2
        connection.execute(text("DELETE FROM kept WHERE number = :number"), [{"number": 1}, {"number": 2}])
        write(connection, ADD, {"numbers": [3]})
    assert kept(engine) == [3]


def test_it_is_one_message(engine: Engine) -> None:
    with engine.begin() as connection, in_few_trips(connection):
        write(connection, ADD, {"numbers": [1]})
        # The server tells what it was sent.
        query = connection.execute(text("SELECT current_query()")).scalar_one()
        assert query == "SELECT current_query()", "only what is prepared is sent along"
        own = prepared("SELECT current_query() AS query")
        write(connection, ADD, {"numbers": [2]})
        write(connection, ADD, {"numbers": [3]})
        (row,) = fetch(connection, own, {})
        assert row["query"].count("EXECUTE") == 3


def test_one_that_fails_at_the_end_fails_the_block(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection, in_few_trips(connection):
        add(connection, 1, 1)
    assert kept(engine) == []


def test_what_fails_at_the_end_of_a_savepoint_fails_the_whole(engine: Engine) -> None:
    with engine.connect() as connection, in_few_trips(connection):
        add(connection, 1)
        with pytest.raises(IntegrityError), connection.begin_nested():
            add(connection, 2, 2)
        with pytest.raises(DBAPIError, match="aborted"):
            kept_by(connection)
    assert kept(engine) == []


def test_nothing_waits_after_a_block_that_failed(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(LookupError), in_few_trips(connection):
            add_and_fail(connection)
        connection.rollback()
        run(connection, READ, {"least": 0})
        connection.commit()
    assert kept(engine) == []


def add_in_a_transaction(connection: Connection, *numbers: int) -> None:
    with transaction(connection):
        add(connection, *numbers)


@pytest.fixture
def process_engine(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The engine of the process, to the same database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    get_settings.cache_clear()
    database.engine.cache_clear()
    yield database.engine()
    database.engine().dispose()
    get_settings.cache_clear()
    database.engine.cache_clear()


@pytest.mark.usefixtures("process_engine")
def test_a_transaction_is_one_and_its_commit_may_go_with_what_follows(engine: Engine) -> None:
    with standalone() as connection, in_few_trips(connection):
        add_in_a_transaction(connection, 1, 2)
        assert kept(engine) == []
        assert len(fetch(connection, READ, {"least": 0})) == 2
        assert kept(engine) == [1, 2]
    with standalone() as connection:
        add_in_a_transaction(connection, 3)
        assert kept(engine) == [1, 2, 3]


@pytest.mark.usefixtures("process_engine")
def test_a_transaction_plans_each_statement_once_and_by_keys(engine: Engine) -> None:
    planned = text("SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%FROM kept%'")
    plan = text("EXPLAIN (COSTS OFF) SELECT number FROM kept WHERE number = 1 OR number = 2")
    modes = text("SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan'), current_setting('jit')")
    with standalone() as connection:
        before = connection.execute(modes).all()
        with transaction(connection):
            for least in range(3):
                fetch(connection, READ, {"least": least})
            assert "Seq Scan" not in "".join(connection.execute(plan).scalars())
        assert connection.execute(planned).scalar_one() == 0
        assert connection.execute(modes).all() == before


def test_a_transaction_that_fails_leaves_nothing_and_a_connection_that_works(
    engine: Engine, process_engine: Engine
) -> None:
    for wrong in ([1, 1], [2, 1, 1]):
        with pytest.raises(IntegrityError), begin_in_few_trips() as connection:
            add(connection, *wrong)
    with pytest.raises(LookupError), begin_in_few_trips() as connection:
        add_and_fail(connection)
    assert kept(engine) == []
    with begin_in_few_trips() as connection:
        write(connection, ADD, {"numbers": [5]})
    assert kept(engine) == [5]
    # One session has served all of them, and an ordinary transaction is what it was.
    with pytest.raises(LookupError), process_engine.begin() as connection:
        add_and_fail(connection)
    with process_engine.begin() as connection:
        assert len(connection.execute(PLANNED).all()) == 2
    assert kept(engine) == [5]


def test_an_engine_that_does_not_prepare_has_no_such_transaction(database_url: str) -> None:
    plain = create_engine(driver_url(database_url))
    with plain.connect() as connection, pytest.raises(ValueError, match="make_engine"), transaction(connection):
        pytest.fail("nothing may be written here")
    plain.dispose()


@pytest.mark.usefixtures("process_engine")
def test_nothing_is_written_by_another_session_once_the_own_is_lost(engine: Engine) -> None:
    with standalone() as connection:
        end_session(connection, engine)
        with pytest.raises(DBAPIError):
            add(connection, 1)
        connection.rollback()
        for use in (
            lambda: add(connection, 2),
            lambda: add_in_a_transaction(connection, 2),
            lambda: kept_by(connection),
        ):
            with pytest.raises(DBAPIError, match="was lost") as raised:
                use()
            assert classify_failure(raised.value) is DatabaseFailure.INFRASTRUCTURE
    # The next one has a session of its own again.
    with standalone() as connection:
        add(connection, 3)
    assert kept(engine) == [3]
