"""The peers' file names versions and nothing else: no index, no address, no range."""

import re

from bench.peers.environment import PINNED

VERSION = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*==[0-9][0-9a-z.]*")


def test_the_peers_are_pinned_by_version_alone() -> None:
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not VERSION.fullmatch(line)] == []
    assert {"Django", "django-post_office", "psycopg2-binary"} <= {line.partition("==")[0] for line in lines}


def test_the_peers_are_no_dependency_of_ours() -> None:
    ours = (PINNED.parents[2] / "constraints.txt").read_text(encoding="utf-8").lower()
    assert "django" not in ours
