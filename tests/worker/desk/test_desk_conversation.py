"""The conversation on the ticket's page: cut to what a phone can take, whole where it is asked for."""

import re
from dataclasses import replace

import httpx

from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import message
from tests.tasks.evaluation.batches import Entries


def test_a_long_conversation_is_shown_whole_where_it_is_asked_for(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, entries: Entries
) -> None:
    write(entries([message("s", f"sentence {number} of many", seconds=number + 60) for number in range(150)]), public)
    page = browser.get(ticket["path"]).text
    assert "sentence 75 of many" not in page
    assert "91 messages are left out here." in page
    assert "attached" not in page
    assert len(page.encode()) < 60_000
    link = re.search(r'href="([^"]+whole=1)#talk"', page)
    assert link
    whole = browser.get(f"/t/{link[1]}").text
    assert [number for number in range(150) if f"sentence {number} of many" not in whole] == []
    assert "left out here" not in whole
    assert "whole=1" not in whole


def test_a_photo_and_a_voice_message_are_named(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, entries: Entries
) -> None:
    sent = [
        replace(message("s", "the open cabinet", seconds=60), message_type="image"),
        replace(message("s", "it hums and then stops", seconds=61), message_type="voice"),
    ]
    write(entries(sent), public)
    page = browser.get(ticket["path"]).text
    assert re.search(r"· photo</span><br>the open cabinet", page)
    assert re.search(r"· voice message</span><br>it hums and then stops", page)


def test_a_message_that_was_cut_is_shown_whole_where_it_is_asked_for(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, entries: Entries
) -> None:
    write(entries([message("s", f"{'long story ' * 500}the end", seconds=60)]), public)
    assert "the end" not in browser.get(ticket["path"]).text
    assert 'whole=1#talk"' in browser.get(ticket["path"]).text
    assert "the end" in browser.get(f"{ticket['path']}?whole=1").text
