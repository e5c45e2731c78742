"""Breakages on the way from the outbox to the mail server, and in what is told of it."""

from bench.breakages.breakage import Breakage, SourceChange

BODY = "SET body_started_at = clock_timestamp()\n        WHERE recipient_id = ANY"
ACCEPTED_ALREADY = (
    "SET body_started_at = clock_timestamp(), state = 'accepted', accepted_at = clock_timestamp()\n"
    "        WHERE recipient_id = ANY"
)
RECORDED = "m.lease_id = CAST(:lease_id AS uuid)\n          AND m.state IN {sql_list(*ANSWERABLE)}"
NEWEST = "          AND a.number = (SELECT max(number)"
ANY = "          AND 0 < (SELECT max(number)"
OWN_ID = "Message-ID: <{__import__('uuid').uuid4()}@example.com>"
LOSSES = "tests/tasks/delivery/test_sending_losses.py"
KILLS = "tests/tasks/delivery/test_kills.py"
LOST = "tests/tasks/delivery/test_lost_leases.py"
GRAPH = "tests/tasks/delivery/test_graph_requests.py"
BEGINS = '"begins": [str(recipient_id) for recipient_id in begins],'
ALL_BEGIN = SourceChange(
    "tasks/delivery/waves.py",
    "begun = [begin for begin in wave.begins if _all_begun(begin, states)]",
    "begun = list(wave.begins)",
)
ADD_BEGIN = "        self._recorder.add_begin(begin)\n"
GO_ON = "            _ParallelRun(run, supply, pool, sockets, connection).go_on()\n"
LOG_IN = "            pool.open_one(claim.circuit, urgent=run.urgent_only)\n"
READ_TOLD = "    told = acceptances(connection, [mail.mail_id for mail in mails]) if mails else {}\n"
TOLD = "(SELECT mail_id FROM done WHERE state = 'accepted')"

MAILS = (
    Breakage(
        "a mail is marked before it is sent",
        6,
        (SourceChange("services/delivery/record.py", BODY, ACCEPTED_ALREADY),),
        (f"{KILLS}::test_a_sender_killed_after_the_body_began_leaves_the_fate_unknown",),
        storm=True,
    ),
    Breakage(
        "the beginning of a body is not recorded",
        6,
        (SourceChange("services/delivery/record.py", BEGINS, '"begins": [],'), ALL_BEGIN),
        (f"{KILLS}::test_a_sender_killed_after_the_body_began_leaves_the_fate_unknown",),
    ),
    Breakage(
        "a body begins before the commit that holds its beginning",
        6,
        (
            SourceChange(
                "tasks/delivery/parallel_run.py", ADD_BEGIN, f"{ADD_BEGIN}        begin.channel.begin_body()\n"
            ),
        ),
        (f"{LOST}::test_no_body_begins_before_its_beginning_is_committed",),
    ),
    Breakage(
        "a request to Graph begins before the commit that holds its beginning",
        6,
        (
            SourceChange(
                "services/transports/thread_channel.py", "if not self._permissions.get():", "if self._taken is None:"
            ),
        ),
        (f"{GRAPH}::test_no_request_begins_before_its_beginning_is_committed",),
    ),
    Breakage(
        "a body begins though its lease was lost",
        6,
        (ALL_BEGIN,),
        (f"{LOST}::test_a_lease_past_its_time_is_taken_over_and_its_late_sender_stopped_before_the_body",),
    ),
    Breakage(
        "a lease ends before the task that holds it",
        6,
        (SourceChange("services/delivery/lease.py", "LEASE_SECONDS = 600", "LEASE_SECONDS = 60"),),
        ("tests/tasks/delivery/test_time_limits.py",),
    ),
    Breakage(
        "whoever sent a mail records it, with or without its lease",
        6,
        (SourceChange("services/delivery/record.py", RECORDED, "m.state IN {sql_list(*ANSWERABLE)}"),),
        (LOST,),
    ),
    Breakage(
        "a repeat wipes out that a reply was lost",
        6,
        (SourceChange("services/delivery/record.py", NEWEST, ANY),),
        (f"{LOSSES}::test_a_repeat_in_the_same_run_leaves_the_lost_reply_on_record",),
    ),
    Breakage(
        "a lost reply is taken for a refusal and sent again and again",
        6,
        (SourceChange("rules/delivery/classify.py", "        return UNKNOWN\n    remedy", "        pass\n    remedy"),),
        (f"{LOSSES}::test_a_reply_lost_after_the_dot_is_unknown_and_leads_to_one_repeat_with_the_same_id",),
    ),
    Breakage(
        "each attempt has a Message-ID of its own",
        6,
        (SourceChange("services/mail/headers.py", "Message-ID: {mail.message_id}", OWN_ID),),
        (f"{LOSSES}::test_a_reply_lost_after_the_dot_is_unknown_and_leads_to_one_repeat_with_the_same_id",),
    ),
    Breakage(
        "SMTP AUTH that is off uses up the attempts",
        6,
        (
            SourceChange(
                "rules/delivery/retry.py",
                "            return _held_back(phase, case, times)\n",
                "            return deferred(reply_class, case, times, jitter)\n",
            ),
        ),
        ("tests/services/delivery/test_circuit.py::test_wrong_settings_hold_the_queue_with_one_login_and_one_alert",),
    ),
    Breakage(
        "a connection logs in before a mail is there that can record the refusal",
        6,
        (SourceChange("tasks/delivery/parallel_run.py", GO_ON, LOG_IN + GO_ON),),
        ("tests/tasks/delivery/test_claiming_ahead.py",),
    ),
    Breakage(
        "the next sender logs in before it is on record that another was refused",
        6,
        (
            SourceChange(
                "tasks/delivery/channel_pool.py",
                "                self._when_failed(answer)\n",
                "                pass\n",
            ),
        ),
        ("tests/tasks/delivery/test_channel_pool.py",),
    ),
    Breakage(
        "mails are claimed although what to tell of them cannot be read",
        6,
        (SourceChange("tasks/delivery/run.py", f"        {READ_TOLD}", f"    {READ_TOLD}"),),
        (f"{LOSSES}::test_mail_whose_outcome_cannot_be_read_is_not_claimed",),
    ),
    Breakage(
        "safety mail has no lane of its own",
        7,
        (SourceChange("services/outbox/queue.py", "Lane.URGENT if self.rank == 0 else Lane.NORMAL", "Lane.NORMAL"),),
        ("tests/tasks/delivery/test_senders.py",),
    ),
    Breakage(
        'the assistant hears "a human has it" before a server accepted the mail',
        8,
        (SourceChange("services/delivery/record.py", TOLD, "(SELECT mail_id FROM done)"),),
        ("tests/services/delivery/test_truth.py",),
    ),
)
