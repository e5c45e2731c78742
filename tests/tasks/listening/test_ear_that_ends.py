"""A text that ends the process of the second ear, or at which it hangs, keeps nobody else from being heard."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.database.engine import begin
from services.installation import Installation
from services.listening.ear import second_ear
from services.listening.judge import judge_overdue, judge_waiting
from services.listening.tries import MOST_TRIES, begin_try
from tasks.evaluation.drain import drain
from tasks.hints import hint
from tests import forks
from tests.processes import ROOT, wait_for
from tests.tasks.listening.deadly import POISON
from tests.tasks.listening.texts import DOUBTFUL, ONLY_SECOND, WAITING, Publish, listen, said

# In a process of its own: where the model writes beyond its memory, the process is aborted.
HEAR = """
import sys
from services.listening.classifier import Embedder
print(Embedder().embed(sys.argv[1:]).shape)
"""
# The first stands for eighteen letters, and alone ended the process, from sixty of it on.
LETTERS = "\ufdfa\ufdfb\u3300\u33ff\u2a74\u222d\u1f80\ufb2c"


@pytest.mark.parametrize(
    ("letters", "counts"),
    [
        pytest.param(LETTERS, (1, 7), id="few of each"),
        pytest.param(LETTERS[0], (60, 300), id="many of the longest"),
        # A text that is as long as the model reads takes it two seconds.
        pytest.param(LETTERS, (60, 300, 1_200, 4_000), id="many of each", marks=pytest.mark.long),
    ],
)
def test_no_letter_that_stands_for_many_ends_the_process_that_listens(letters: str, counts: tuple[int, ...]) -> None:
    texts = [letter * count for letter in letters for count in counts]
    heard = subprocess.run([sys.executable, "-c", HEAR, *texts], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (heard.returncode, heard.stderr, heard.stdout) == (0, "", f"({len(texts)}, 384)\n")


POISONED = f"{DOUBTFUL} {POISON}"
HEARD_BY = text("""
    SELECT session_id, reasons -> 'safety_concern' ->> 'model' = 'word-lists' FROM escalation.tickets
    ORDER BY session_id
""")
ORDINARY = "which filter fits the small power unit"


def test_a_text_that_ends_the_process_is_given_up_and_the_others_are_heard(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(text, f"s{number}") for number, text in enumerate([ORDINARY, POISONED, ONLY_SECOND])])
    drain(redis, installation)

    def run() -> tuple[int, list[str]]:
        ended = forks.run(["tests.tasks.listening.deadly"], os.environ)
        return ended.returncode, ended.stdout.splitlines()

    killed = -signal.SIGKILL
    code, (together,) = run()
    assert (code, sorted(together.split("|"))) == (killed, sorted([ORDINARY, POISONED, ONLY_SECOND]))
    # Then each by itself, first danger that is in doubt, and what has been tried again after all others.
    assert run() == (killed, [POISONED])
    code, alone = 0, list[str]()
    # On a busy machine the task's time may be up in between.
    while code == 0:
        code, lines = run()
        alone += [line for line in lines if not line.endswith("more=1")]
    assert (code, sorted(alone[:-1]), alone[-1]) == (killed, sorted([ORDINARY, ONLY_SECOND]), POISONED)
    code, lines = run()
    assert (code, lines[-1]) == (0, "texts=1 heard=1")
    assert sum("second_ear_gives_up_text" in line for line in lines) == 1
    assert connection.execute(WAITING).scalar_one() == 0
    drain(redis, installation)
    assert connection.execute(HEARD_BY).all() == [("s1", True), ("s2", False)]


def test_a_text_at_which_the_process_hangs_holds_no_other_for_longer_than_the_time_limit(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation, tmp_path: Path
) -> None:
    publish([said(text, f"s{number}") for number, text in enumerate([ORDINARY, POISONED, ONLY_SECOND])])
    drain(redis, installation)

    def all_are_judged() -> bool:
        # As beat does.
        hint("listen")
        return not connection.execute(WAITING).scalar_one()

    log = tmp_path / "worker.log"
    worker = forks.Fork(["tests.tasks.listening.hanging"], os.environ, log)
    try:
        wait_for(all_are_judged, "the judgements")
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait()
    said_by_worker = log.read_text(encoding="utf-8")
    assert said_by_worker.count("Hard time limit (5s) exceeded") == MOST_TRIES
    assert said_by_worker.count("second_ear_gives_up_text") == 1
    drain(redis, installation)
    assert connection.execute(HEARD_BY).all() == [("s1", True), ("s2", False)]


def test_while_one_text_is_judged_by_itself_the_word_lists_may_have_the_others(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(DOUBTFUL, "s1"), said(DOUBTFUL, "s2")])
    drain(redis, installation)
    begin_try(redis, list(connection.execute(text("SELECT event_id FROM escalation.texts_to_judge")).scalars()))
    with begin() as holder:
        assert judge_waiting(holder, redis, second_ear(), installation, 100)[0] == 1
        with begin() as other:
            assert judge_overdue(other, redis, installation, 100, 0.0)[0] == 1


def test_long_texts_are_judged_a_few_at_a_time(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(f"{ORDINARY} {number} " * 30, f"s{number}") for number in range(6)])
    drain(redis, installation)
    judged = [listen(redis, installation)[0] for _ in range(3)]
    assert judged == [2, 2, 2]


def test_a_text_that_was_tried_twice_comes_after_those_that_never_were(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(DOUBTFUL, "suspect")])
    drain(redis, installation)
    waiting = text("SELECT event_id FROM escalation.texts_to_judge")
    (suspect,) = connection.execute(waiting).scalars()
    for _ in range(2):
        begin_try(redis, [suspect])
    publish([said(ONLY_SECOND, "new")])
    drain(redis, installation)
    assert listen(redis, installation)[0] == 1
    assert connection.execute(waiting).scalars().all() == [suspect]
    assert listen(redis, installation)[0] == 1
    assert connection.execute(WAITING).scalar_one() == 0
