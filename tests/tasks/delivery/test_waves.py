"""When a commit is started: it waits a moment for more bodies that begin, and never with safety mail."""

import time
from collections.abc import Iterator
from typing import cast
from uuid import uuid4

import pytest

from config.settings import get_settings
from services.delivery.claim import ClaimedMail
from services.delivery.wave_connection import wave_connection
from services.transports.smtp_channel import SmtpChannel
from tasks.delivery.sender import Claim
from tasks.delivery.stock import HeldMail
from tasks.delivery.waves import BodyBegin, Waves
from tests.services.delivery.office import Office


@pytest.fixture
def waves(office: Office) -> Iterator[Waves]:
    with wave_connection(get_settings()) as connection:
        yield Waves(connection, uuid4(), ask_for_safety=False)


def body_of(*, urgent: bool) -> BodyBegin:
    mail = ClaimedMail(uuid4(), urgent, False, ())
    return BodyBegin(cast(SmtpChannel, object()), HeldMail(mail, cast(Claim, None), None), [uuid4()])


def test_a_body_waits_for_the_next_one_that_begins(waves: Waves) -> None:
    waves.add_begin(body_of(urgent=False))
    waves.start(more_begins=True)
    assert len(waves.next.begins) == 1

    waves.add_begin(body_of(urgent=False))
    waves.start(more_begins=False)

    assert waves.under_way
    assert len(waves.under_way.begins) == 2


def test_safety_mail_waits_for_no_other_body(waves: Waves) -> None:
    waves.add_begin(body_of(urgent=False))
    waves.add_begin(body_of(urgent=True))

    waves.start(more_begins=True)

    assert waves.under_way


def test_what_is_to_be_recorded_goes_with_the_body_that_begins_when_safety_mail_is_looked_for(office: Office) -> None:
    with wave_connection(get_settings()) as connection:
        waves = Waves(connection, uuid4(), ask_for_safety=True)
        time.sleep(0.06)  # since nobody has looked
        waves.add_begin(body_of(urgent=False))
        waves.start(more_begins=True)
        assert waves.under_way is None
        waves.start(more_begins=False)
        assert waves.under_way


def test_safety_mail_is_looked_for_also_while_nothing_is_to_be_recorded(office: Office) -> None:
    with wave_connection(get_settings()) as connection:
        waves = Waves(connection, uuid4(), ask_for_safety=True)
        waves.start(more_begins=True)
        assert waves.under_way is None
        time.sleep(0.06)
        waves.start(more_begins=True)
        assert waves.under_way
