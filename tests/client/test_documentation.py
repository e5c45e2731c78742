"""The client's pages: what they say is what the code does."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from redis import Redis

from escalation_client import OutcomeReader, Publisher, PublishError, ReadError
from escalation_client.events import EVENT_TYPES, decode
from escalation_client.events.types import ENVELOPE
from tests.client.stream import events_in, report

ROOT = Path(__file__).parents[2]
README = (ROOT / "client" / "README.md").read_text(encoding="utf-8")
EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \|.*\| (.+) \|$", re.MULTILINE)


def members_in(page: str) -> dict[str, bool]:
    """The members that a page's tables name, and whether each is required."""
    return {name: default == "required" for name, default in ROW.findall(page)}


@pytest.mark.parametrize("type", EVENT_TYPES)
def test_each_type_is_documented_with_all_its_members(type: str) -> None:
    section = EVENTS.partition(f"### {type}\n")[2].partition("\n#")[0]
    known = {each.name: each.default is each.default_factory for each in fields(EVENT_TYPES[type])}
    assert members_in(section) == {name: required for name, required in known.items() if name not in ENVELOPE}


def test_the_common_members_are_documented() -> None:
    common = members_in(EVENTS.partition("## Common members")[2].partition("## Types")[0])
    assert common.keys() == ENVELOPE - {"extra"} | {"type", "data"}


def test_each_event_has_its_place_in_the_readme() -> None:
    table = README.partition("## Which event, where")[2].partition("\n## ")[0]
    assert all(f"| `{kind.__name__}` |" in table for kind in EVENT_TYPES.values())


def test_the_command_for_other_languages_publishes_an_event(redis: Redis) -> None:
    [block] = re.findall(r"^redis-cli (XADD .*?)^```", README, re.MULTILINE | re.DOTALL)
    command = shlex.split(block)
    redis.execute_command(*command)  # type: ignore[no-untyped-call]
    assert events_in(redis) == [decode(command[-1])]


def test_every_python_example_is_python() -> None:
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for indent, block in blocks:
        compile(re.sub(f"^{indent}", "", block, flags=re.MULTILINE), "README.md", "exec")


def test_the_documented_rights_are_enough_for_all_that_the_client_does(url: str, redis: Redis) -> None:
    [line] = re.findall(r"^    (ACL SETUSER .*)$", README, re.MULTILINE)
    redis.execute_command(*line.replace("PASSWORD", "secret").split())  # type: ignore[no-untyped-call]
    own = re.sub(r"redis://[^@]*@([^/]*)/0", r"redis://assistant:secret@\1/1", url)
    with Publisher(own) as publisher, OutcomeReader(own) as reader:
        assert publisher.publish(report("s1"))
        receipt = publisher.publish_and_wait(report("s2"), 0.05)
        assert receipt.position == reader.position() == "0-0"
        assert reader.read(wait=0.05) == []
        with pytest.raises(ReadError, match="no worker answered"):
            reader.history("s1", timeout=0.05)
    with Publisher(own, replicas=1) as publisher, pytest.raises(PublishError, match="0 of 1 replicas"):
        publisher.publish(report("s3"))
