"""Breakages on the way from an event to its ticket."""

from bench.breakages.breakage import Breakage, SourceChange

LOCK = """    SELECT unnest(CAST(:session_ids AS text[]))
    ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id WHERE false
"""
ONLY_MAKE = """    SELECT unnest(CAST(:session_ids AS text[]))
    ON CONFLICT (session_id) DO NOTHING
"""
NO_LOCK = SourceChange("services/events/inbox.py", LOCK, ONLY_MAKE)
READ = """READ = prepared(f\"\"\"
    SELECT s.session_id,"""
LOCK_AND_READ = f"""READ = prepared(f\"\"\"
    WITH locked AS (
    INSERT INTO escalation.sessions (session_id)
{LOCK}
    )
    SELECT s.session_id,"""
COUNT = """    WHERE day = CAST(now() AT TIME ZONE CAST(:zone AS text) AS date)
    RETURNING to_char(day, 'YYYYMMDD') AS day, last - CAST(:count AS integer) AS before
"""
COUNTED = """    WHERE day = CAST(now() AT TIME ZONE CAST(:zone AS text) AS date)
    RETURNING to_char(day, 'YYYYMMDD') AS day, (SELECT count(*) FROM public.support_tickets) AS before
"""
TAKE = "        numbers = _take_numbers(connection, len(waiting), zone)\n"
TAKE_APART = """        from services.database.engine import begin
        with begin() as apart:
            numbers = _take_numbers(apart, len(waiting), zone)
"""
QUEUE = "    queue_mails(connection, mails, installation.message_id_domain)\n    numbered"
QUEUE_APART = """    from services.database.engine import begin
    with begin() as apart:
        queue_mails(apart, mails, installation.message_id_domain)
    numbered"""
WRITE = "    try:\n        written = write(entries, installation)\n"
ACKNOWLEDGE_FIRST = "    acknowledge(stream, [entry.entry_id for entry in entries])\n" + WRITE
NEEDED = 'bytes(pending["min"] if pending["pending"] else group["last-delivered-id"])'
KNOWN_TO_SESSION = "info.setdefault(_MARK, {})"
FINISH = """            add_turn(pipeline, turn, stream.name)
            add_rings(pipeline, rings)
            pipeline.xack(stream.name, GROUP, *entry_ids)
"""
ACKNOWLEDGED_FIRST = """            pipeline.xack(stream.name, GROUP, *entry_ids)
            add_turn(pipeline, turn, stream.name)
            add_rings(pipeline, rings)
"""
RUN_WHAT_WAITS = "        yield\n        with _translated(connection, cursor):\n            run_waiting(cursor)\n"
REFUSE_ANOTHER = '    event.listen(made, "before_cursor_execute", _refuse_another_session)\n'
QUICK = "tests/services/database/test_quick.py"
DRAIN = "tests/tasks/evaluation/test_drain.py"
BATCH = "tests/tasks/evaluation/test_batch.py"
FAULTS = "tests/tasks/evaluation/test_batch_faults.py"
NUMBERS = "tests/services/tickets/test_ticket_numbers.py"
TWO_DRAINS = "tests/tasks/evaluation/test_two_drains.py"

EVENTS = (
    Breakage(
        "entries acknowledged (XACK) before the commit",
        1,
        (SourceChange("tasks/evaluation/drain.py", WRITE, ACKNOWLEDGE_FIRST),),
        (f"{DRAIN}::test_when_postgresql_goes_away_in_between_what_was_read_stays_pending",),
        storm=True,
    ),
    Breakage(
        "an event that came before is evaluated again",
        1,
        (
            SourceChange("services/events/inbox.py", " if each.event.id in fresh]", "]"),
            SourceChange("services/escalation/process_batch.py", "    if not new:\n        return counted\n", ""),
        ),
        (f"{BATCH}::test_an_event_that_came_before_is_no_news",),
    ),
    Breakage(
        "an absent database is taken for a fault of the event",
        1,
        (
            SourceChange(
                "tasks/evaluation/batch.py",
                "if fault in {DatabaseFailure.INFRASTRUCTURE, DatabaseFailure.RETRY}",
                "if fault is None",
            ),
        ),
        (f"{DRAIN}::test_when_postgresql_goes_away_in_between_what_was_read_stays_pending",),
    ),
    Breakage(
        "a prepared statement is used on another connection",
        1,
        (SourceChange("services/database/prepared.py", KNOWN_TO_SESSION, "bound.__dict__.setdefault(_MARK, {})"),),
        ("tests/services/database/test_prepared.py::test_a_new_session_prepares_it_anew",),
    ),
    Breakage(
        "statements that wait for others are left out at the end",
        3,
        (SourceChange("services/database/quick.py", RUN_WHAT_WAITS, "        yield\n"),),
        (QUICK,),
    ),
    Breakage(
        "a lost session is replaced in silence by one that does not commit",
        1,
        (SourceChange("services/database/engine.py", REFUSE_ANOTHER, ""),),
        (f"{QUICK}::test_nothing_is_written_by_another_session_once_the_own_is_lost",),
    ),
    Breakage(
        "an event is acknowledged before a sender is rung for",
        7,
        (SourceChange("services/events/finishing.py", FINISH, ACKNOWLEDGED_FIRST),),
        ("tests/tasks/evaluation/test_end_of_a_drain.py",),
    ),
    Breakage(
        "nobody takes over what a dead process had in hand",
        1,
        (
            SourceChange(
                "services/events/stream.py", "for item in answer[1] if item[1] is not None]", "for item in ()]"
            ),
        ),
        (f"{DRAIN}::test_entries_of_a_dead_consumer_are_taken_over",),
    ),
    Breakage(
        "the stream is trimmed beyond what is pending",
        1,
        (SourceChange("services/events/trimming.py", NEEDED, 'bytes(group["last-delivered-id"])'),),
        (f"{DRAIN}::test_what_is_pending_is_never_trimmed",),
    ),
    Breakage(
        "no lock on the session",
        2,
        (NO_LOCK,),
        (f"{TWO_DRAINS}::test_two_drains_at_a_known_session_see_all_steps",),
        storm=True,
    ),
    Breakage(
        "the state is read in the statement that locks",
        2,
        (NO_LOCK, SourceChange("services/events/session_state.py", READ, LOCK_AND_READ)),
        (f"{TWO_DRAINS}::test_two_drains_at_a_known_session_see_all_steps",),
        storm=True,
    ),
    Breakage(
        "the step numbered 8 fires, not the 8th different one that failed",
        2,
        (
            SourceChange(
                "rules/decision.py", "if steps >= policy.step_limit", "if event.step_number >= policy.step_limit"
            ),
        ),
        ("tests/rules/test_decision.py",),
    ),
    Breakage(
        "outbox written outside the ticket's transaction",
        3,
        (SourceChange("services/escalation/open_tickets.py", QUEUE, QUEUE_APART),),
        # No storm: each event is tried again until all of it is there, so in the end nothing differs.
        ("tests/chaos/test_atomicity.py",),
    ),
    Breakage(
        "events from before a ticket was resolved open a new one",
        4,
        (
            SourceChange(
                "rules/decision.py",
                "return state.closed_at is None or event.occurred_at > state.closed_at",
                "return True",
            ),
        ),
        ("tests/rules/test_decision.py",),
    ),
    Breakage(
        "ticket number is COUNT(*) + 1",
        5,
        (SourceChange("services/tickets/insert.py", COUNT, COUNTED),),
        (NUMBERS,),
    ),
    Breakage(
        "ticket number drawn in a transaction of its own",
        5,
        (SourceChange("services/tickets/insert.py", TAKE, TAKE_APART),),
        ("tests/chaos/test_atomicity.py",),
    ),
    Breakage(
        "the first rule that matches wins",
        7,
        (
            SourceChange(
                "rules/triggers.py",
                "return tuple(_find_signals(event, policy, lexicon))",
                "return tuple(_find_signals(event, policy, lexicon))[:1]",
            ),
        ),
        ("tests/rules/test_triggers.py::test_every_rule_is_asked_not_only_the_first_that_matches",),
    ),
    Breakage(
        "safety is the least of the reasons",
        7,
        (
            SourceChange(
                "rules/reasons.py",
                "sorted(set(reasons), key=REASONS.index)",
                "sorted(set(reasons), key=lambda reason: -REASONS.index(reason))",
            ),
        ),
        ("tests/rules/test_decision.py",),
    ),
    Breakage(
        "a bad event stops its batch",
        9,
        (
            SourceChange(
                "tasks/evaluation/batch.py",
                "    elif len(received) > 1:\n",
                "    elif len(received) > 1:\n        raise error\n",
            ),
        ),
        (f"{FAULTS}::test_an_event_that_postgresql_refuses_is_found_by_halving",),
    ),
    Breakage(
        "reconcile repairs what is still on its way (no grace)",
        3,
        (
            SourceChange(
                "services/escalation/reconcile/run.py",
                "RECONCILE_GRACE = timedelta(seconds=60)",
                "RECONCILE_GRACE = timedelta(seconds=0)",
            ),
        ),
        ("tests/services/escalation/test_reconcile.py::test_what_may_still_be_on_its_way_is_left_alone",),
    ),
    Breakage(
        "a sweep over tickets does not look back behind the last one (no overlap)",
        2,
        (SourceChange("services/tickets/escalation_ladder.py", "_OVERLAP_MINUTES = 60", "_OVERLAP_MINUTES = 0"),),
        ("tests/services/tickets/test_plain_sql.py::test_a_change_that_was_committed_after_the_last_sweep_is_noticed",),
    ),
)
