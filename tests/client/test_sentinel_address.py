"""How the address of Sentinels is read."""

from typing import Any

import pytest
from celery import Celery

from escalation_client import Publisher
from escalation_client.celery import redis_url
from escalation_client.sentinel import Sentinels


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis-sentinel://a", {"hosts": (("a", 26379),)}),
        ("sentinel://a:1,b:2", {"hosts": (("a", 1), ("b", 2))}),
        ("sentinel://a:1,b/main/3", {"hosts": (("a", 1), ("b", 26379)), "service": "main", "database": 3}),
        ("sentinel://a/2", {"hosts": (("a", 26379),), "database": 2}),
        ("sentinel://a/main", {"hosts": (("a", 26379),), "service": "main"}),
        ("sentinel://a/1?master_name=main", {"hosts": (("a", 26379),), "service": "main", "database": 1}),
        ("sentinel://[::1]:5,a", {"hosts": (("::1", 5), ("a", 26379))}),
        ("redis-sentinel://u:p%40ss@a/", {"hosts": (("a", 26379),), "username": "u", "password": "p@ss"}),
        (
            "sentinel://:pw@a?sentinel_username=w&sentinel_password=s%2Fx",
            {"hosts": (("a", 26379),), "password": "pw", "sentinel_username": "w", "sentinel_password": "s/x"},
        ),
        ("sentinel://:pw@a:1/4;sentinel://:pw@b:2/4", {"hosts": (("a", 1), ("b", 2)), "password": "pw", "database": 4}),
        ("sentinel://a:1;sentinel://b:2/4?master_name=main",
         {"hosts": (("a", 1), ("b", 2)), "service": "main", "database": 4}),
        ("sentinel://:pw@a:1;b:2/main/1", {"hosts": (("a", 1), ("b", 2)), "password": "pw", "service": "main",
                                           "database": 1}),
    ],
)  # fmt: skip
def test_each_way_to_write_it_is_read(url: str, expected: dict[str, Any]) -> None:
    assert Sentinels.named_by(url) == Sentinels(**expected)


@pytest.mark.parametrize("url", ["sentinel://u:p%3B%40@a:1,[::1]:2/main/3?sentinel_password=s", "sentinel://a"])
def test_celery_gets_the_same_address_in_its_own_way(url: str) -> None:
    sentinels = Sentinels.named_by(url)
    options = sentinels.celery_options()
    again = Sentinels.named_by(sentinels.celery_url())
    assert (again.hosts, again.database) == (sentinels.hosts, sentinels.database)
    assert (again.username, again.password) == (sentinels.username, sentinels.password)
    assert options["master_name"] == sentinels.service
    assert options["sentinel_kwargs"].get("password") == sentinels.sentinel_password


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sentinel://", "expected redis-sentinel://"),
        ("sentinel://:secret@", "expected redis-sentinel://"),
        ("sentinel://:secret@a:1;sentinel://:secret@", "expected redis-sentinel://"),
        ("sentinel://a:b:c", "host and port"),
        ("sentinel://a,,b", "host and port"),
        ("sentinel://a/x/y/z", "such as /mymaster/0"),
        ("sentinel://:secret@a?socket_timeout=3", "no option socket_timeout"),
    ],
)
def test_a_wrong_address_is_refused_when_the_publisher_is_made(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        Publisher(url)
    assert "secret" not in str(caught.value)


def test_a_celery_application_s_own_sentinels_are_found() -> None:
    app = Celery("assistant", broker="sentinel://:pw@a:1;sentinel://:pw@b:2/4", set_as_current=False)
    app.conf.broker_transport_options = {"master_name": "main"}
    found = Sentinels.named_by(redis_url(app))
    assert (found.hosts, found.service, found.database, found.password) == ((("a", 1), ("b", 2)), "main", 4, "pw")


def test_printing_it_tells_no_password() -> None:
    shown = repr(Sentinels.named_by("sentinel://:secret@a:1,b:2/main?sentinel_password=secret"))
    assert shown == "Sentinels(a:1, b:2 for main)"
