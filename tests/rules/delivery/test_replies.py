"""What a mail server's answer means."""

import pytest

from rules.delivery import LocalFault, Pause, Phase, ReplyKind, ReplyScope, ServerReply, classify, provider_of
from tests.rules.delivery.replies import CONFIGURATION, MESSAGE, RECIPIENT, REPLIES


@pytest.mark.parametrize(("phase", "code", "text", "provider", "meaning", "hint"), REPLIES)
def test_a_reply_has_a_class_a_scope_and_a_hint(
    phase: Phase, code: int, text: str, provider: str, meaning: tuple[ReplyKind, ReplyScope], hint: str
) -> None:
    reply_class = classify(ServerReply(phase, code, text), provider)
    assert (reply_class.kind, reply_class.scope) == meaning
    assert hint in (reply_class.remedy or "")


@pytest.mark.parametrize(
    ("code", "text", "pause"),
    [
        (432, "4.3.2 Concurrent connections limit exceeded.", Pause.CONNECTIONS),
        (421, "4.4.2 Message submission rate exceeded", Pause.RATE),
        (554, "5.2.0 STOREDRV; SubmissionQuotaExceeded", Pause.QUOTA),
        (454, "Daily message quota exceeded", Pause.QUOTA),
        (554, "5.2.121 receive limit", Pause.HOUR),
    ],
)
def test_a_throttle_says_how_long_to_rest(code: int, text: str, pause: Pause) -> None:
    assert classify(ServerReply(Phase.DOT, code, text)).pause is pause


@pytest.mark.parametrize(
    ("finding", "meaning"),
    [
        (LocalFault.CERTIFICATE, CONFIGURATION),
        (LocalFault.NOT_TLS, CONFIGURATION),
        (LocalFault.NO_STARTTLS, CONFIGURATION),
        (LocalFault.NO_AUTH, CONFIGURATION),
        (LocalFault.BAD_SENDER, CONFIGURATION),
        (LocalFault.NO_SMTPUTF8, RECIPIENT),
        (LocalFault.BAD_ADDRESS, RECIPIENT),
        (LocalFault.TOO_LARGE, MESSAGE),
        (LocalFault.NOT_COMPOSED, MESSAGE),
    ],
)
def test_what_this_side_finds_out_has_a_class_and_a_hint(
    finding: LocalFault, meaning: tuple[ReplyKind, ReplyScope]
) -> None:
    reply_class = classify(ServerReply(Phase.MAIL, finding=finding))
    assert (reply_class.kind, reply_class.scope) == meaning
    assert reply_class.remedy


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in {Phase.DOT, Phase.POST}])
def test_a_connection_lost_before_the_final_dot_is_harmless(phase: Phase) -> None:
    assert classify(ServerReply(phase)).kind is ReplyKind.TRANSIENT


@pytest.mark.parametrize("phase", [Phase.DOT, Phase.POST])
def test_a_connection_lost_after_it_leaves_the_fate_unknown(phase: Phase) -> None:
    assert classify(ServerReply(phase)).kind is ReplyKind.UNKNOWN


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("smtp.office365.com", "microsoft"),
        ("SMTP.Office365.com.", "microsoft"),
        ("smtp.hve.mx.microsoft", "microsoft"),
        ("graph.microsoft.com", "microsoft"),
        ("smtp.gmail.com", "google"),
        ("email-smtp.eu-west-1.amazonaws.com", "amazon"),
        ("notgmail.com", "other"),
        ("mail.example.com", "other"),
    ],
)
def test_the_provider_is_known_by_its_host(host: str, provider: str) -> None:
    assert provider_of(host) == provider


def test_the_same_code_means_another_thing_elsewhere() -> None:
    reply = ServerReply(Phase.DOT, 550, "5.4.5 Not now.")
    assert classify(reply, "google").kind is ReplyKind.THROTTLED
    assert classify(reply, "other").kind is ReplyKind.PERMANENT
