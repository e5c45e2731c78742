"""What the engineer on call sees in Flower, with a real browser; the pictures of docs/flower.md are made here.

`ESCALATION_PICTURES=docs/pictures pytest -m debian tests/flower` writes them anew.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.chromium import Browser, chromium, pictures
from tests.flower.conftest import MARKS, PASSWORD, USER, Flower
from tests.processes import wait_for
from worker.celery_guards.messages import QUEUES

__all__ = ["pictures"]

pytestmark = pytest.mark.debian("chromium")

WIDTH = 1_200
WORDS = "return document.body.textContent"
# The table's rows as words, once the script of the page has filled it.
ROWS = "return [...document.querySelectorAll('#tasks-table tbody tr')].map(row => row.innerText)"
# Its row at the lower edge: what follows is a traceback.
TO_EXCEPTION = """
    [...document.querySelectorAll('dt')].find(one => one.innerText == 'Exception').parentElement
        .scrollIntoView({behavior: 'instant', block: 'end'})
"""
COLOURS = """
    return [...document.querySelectorAll('.badge')]
        .filter(one => one.innerText == 'FAILURE').map(one => getComputedStyle(one).backgroundColor)
"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium(WIDTH, phone=False) as browser:
        yield browser


def log_in(browser: Browser, flower: Flower) -> None:
    browser.open(flower.address.replace("http://", f"http://{quote(USER)}:{quote(PASSWORD)}@"))
    browser.open(flower.address)


def words(browser: Browser) -> str:
    return str(browser.run(WORDS))


def show(browser: Browser, path: Path, said: str) -> None:
    """Wait for what should be on the page, look for what should not, and take the picture."""
    wait_for(lambda: said in words(browser), f"{said!r} on the page")
    wait_for(lambda: browser.run("return document.getAnimations().length == 0"), "an end of all movement")
    source = str(browser.run("return document.documentElement.outerHTML"))
    assert [mark for mark in MARKS if mark in source] == []
    browser.picture(path)
    assert path.stat().st_size < 100_000


def test_without_the_login_there_is_nothing_to_see(flower: Flower, browser: Browser) -> None:
    from playwright.sync_api import Error as PlaywrightError

    with pytest.raises(PlaywrightError, match="ERR_INVALID_AUTH_CREDENTIALS"):
        browser.open(flower.address)
    # The refused page gives way to Chromium's own page of the error a moment later.
    browser.page.wait_for_url("chrome-error:**")
    source = str(browser.run("return document.documentElement.outerHTML"))
    assert [mark for mark in (*MARKS, flower.worker, "Flower", "drain_events") if mark in source] == []


def test_worker_queues_and_tasks_are_seen(flower: Flower, browser: Browser, pictures: Path) -> None:
    log_in(browser, flower)
    show(browser, pictures / "flower-workers.png", flower.worker)
    browser.open(f"{flower.address}/worker/{flower.worker}")
    browser.click("#worker-tab-queues")
    wait_for(lambda: browser.run("return document.querySelector('#tab-queues').checkVisibility()"), "the queues")
    show(browser, pictures / "flower-queues.png", "sweeps")
    # What the second ear consumes belongs to another worker.
    assert {*QUEUES} - {"listen"} <= {*words(browser).split()}
    browser.open(f"{flower.address}/broker")
    show(browser, pictures / "flower-broker.png", "urgent")
    assert "redis://default:**@" in words(browser)


def test_a_red_queue_health_is_found_and_says_why(flower: Flower, browser: Browser, pictures: Path) -> None:
    log_in(browser, flower)
    browser.open(f"{flower.address}/tasks")
    wait_for(lambda: browser.run(ROWS), "the tasks")
    browser.click("[data-task-state=FAILURE]")
    wait_for(lambda: all("FAILURE" in row for row in browser.run(ROWS)), "only what failed")
    assert any("queue_health" in row for row in browser.run(ROWS))
    assert browser.run(COLOURS)
    assert all(is_red(colour) for colour in browser.run(COLOURS))
    show(browser, pictures / "flower-failed.png", "queue_health")
    task = next(iter(flower.tasks("queue_health", "FAILURE")))
    browser.open(f"{flower.address}/task/{task}")
    browser.run(TO_EXCEPTION)
    show(browser, pictures / "flower-queue-health.png", "events set aside in an hour 1 > 0")


def is_red(colour: str) -> bool:
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3])
    return red > 2 * max(green, blue)
