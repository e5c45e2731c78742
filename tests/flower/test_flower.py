"""Flower over HTTP: closed without the login, unable to steer, red when something is wrong, silent about people."""

import re
from collections.abc import Iterator

import pytest
from flower.urls import handlers

from tests.flower.conftest import MARKS, Flower

OPEN = {"/healthcheck", "/metrics"}
# Style sheets, scripts, and pages without anything of ours: there is nobody to log out, and nothing else to log in at.
EMPTY = {"/static/css/flower.css", "/logout", "/login", "/nothing-here"}
EXAMPLES = {"/static/(.*)": "/static/css/flower.css", ".*": "/nothing-here"}


def paths() -> list[str]:
    """One address for each thing that Flower answers at."""
    patterns = [getattr(handler, "regex", None) or re.compile(handler[0]) for handler in handlers]
    plain = [pattern.pattern.removesuffix("$") for pattern in patterns]
    return [EXAMPLES.get(one, re.sub(r"\(\.[+*]\)", "some-name", one).removesuffix("/?")) for one in plain]


def everything(flower: Flower) -> Iterator[tuple[str, str]]:
    """Each page and each answer of the API that a person who has logged in can get at, with its text."""
    tasks = flower.login.get("/api/tasks", params={"limit": "2000"}).json()
    columns = "columns[0][data]=name&order[0][column]=0&order[0][dir]=asc"
    some = [*[task for task in tasks if tasks[task]["state"] != "SUCCESS"], *list(tasks)[:40]]
    for path in (
        "/", "/workers", "/workers?json=1", "/tasks", "/broker", "/metrics", f"/worker/{flower.worker}",
        f"/tasks/datatable?draw=1&start=0&length=2000&{columns}", "/api/workers?refresh=1", "/api/tasks?limit=2000",
        "/api/task/types", "/api/queues/length",
        *(f"/task/{task}" for task in some), *(f"/api/task/info/{task}" for task in some),
    ):  # fmt: skip
        answer = flower.login.get(path)
        assert answer.status_code == 200, path
        yield path, answer.text


def test_nothing_of_ours_is_told_without_the_login(flower: Flower) -> None:
    assert {"/", "/workers", "/api/tasks", "/api/worker/shutdown/some-name"} <= set(paths())
    for path in paths():
        for method in ("GET", "POST"):
            answer = flower.stranger.request(method, path)
            if path in OPEN | EMPTY:
                assert path in OPEN or flower.worker not in answer.text
                assert path in OPEN or "escalation" not in answer.text
            else:
                # 405: this address has no such method, whoever asks.
                assert answer.status_code in {401, 405}, (method, path)
                assert answer.text in {"Access denied", ""} or answer.status_code == 405, (method, path)


@pytest.mark.parametrize("login", [("oncall", "wrong"), ("", ""), ("oncall", "")])
def test_a_wrong_login_is_no_login(flower: Flower, login: tuple[str, str]) -> None:
    assert [flower.stranger.get(path, auth=login).status_code for path in ("/", "/api/workers")] == [401, 401]


@pytest.mark.parametrize("path", ["/api/task/events/task-succeeded/", "/update-workers", "/", "/tasks"])
def test_no_websocket_is_opened_without_the_login(flower: Flower, path: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    assert flower.stranger.get(path, headers=headers).status_code in {401, 404}


@pytest.mark.parametrize("path", [path for path in paths() if path.startswith("/api/")])
def test_nobody_steers_by_flower(flower: Flower, path: str) -> None:
    path = path.replace("some-name", flower.worker if "/worker/" in path else "escalation.drain_events")
    answer = flower.login.post(path, json={"args": []})
    assert answer.status_code in {403, 405}, answer.text
    assert "Read only" in answer.text or answer.status_code == 405


def test_its_pages_have_no_button_that_steers(flower: Flower) -> None:
    page = flower.login.get(f"/worker/{flower.worker}").text
    assert "worker-queues" in page
    assert re.findall(r'id="worker-(?:shutdown|pool|refresh|group)[\w-]*"', page) == []


def test_unhealthy_queues_are_a_red_task_that_says_why(flower: Flower) -> None:
    task = next(iter(flower.tasks("queue_health", "FAILURE").values()))
    assert "events set aside in an hour 1 > 0" in task["exception"]
    page = flower.login.get(f"/task/{task['uuid']}").text
    assert '<span class="badge text-bg-danger">FAILURE</span>' in page
    assert "events set aside in an hour 1 &gt; 0" in page


def test_no_page_and_no_answer_holds_a_text_a_name_or_an_address(flower: Flower) -> None:
    read = dict(everything(flower))
    assert "CheckViolation" in "".join(read.values())
    assert {(path, mark) for path, text in read.items() for mark in MARKS if mark in text} == set()
