"""Secrets in what servers say."""

import pytest

from services.transports.base import HIDDEN, without

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2V4YW1wbGUifQ.c2lnbmF0dXJl"


FORMS = ("s3cret/+ and more", "s3cret%2F%2B%20and%20more", "s3cret%2F%2B+and+more", "czNjcmV0LysgYW5kIG1vcmU=")


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_each_form(form: str) -> None:
    assert without(f"401 the secret {form} is wrong", "s3cret/+ and more") == f"401 the secret {HIDDEN} is wrong"


def test_a_token_is_hidden_though_nobody_names_it() -> None:
    assert without(f"the assertion {TOKEN} has expired") == f"the assertion {HIDDEN} has expired"


def test_what_no_secret_is_stays_and_an_empty_secret_hides_nothing() -> None:
    said = "550 5.7.60 no right to send [AM6PR0102CA0001.eurprd01.prod.exchangelabs.com] eyJust words"
    assert without(said, "", "no") == said


def test_of_two_secrets_the_longer_one_is_hidden_whole() -> None:
    assert without("wrong: hunter22", "hunter2", "hunter22") == f"wrong: {HIDDEN}"
