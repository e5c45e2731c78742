"""What an answer over HTTPS means: of Microsoft Graph, and of those who issue tokens."""

import pytest

from rules.delivery import Phase, ReplyKind, ServerReply, classify


@pytest.mark.parametrize(
    ("phase", "code", "text", "kind", "hint"),
    [
        (Phase.POST, 202, "", ReplyKind.ACCEPTED, ""),
        (Phase.POST, 429, "ApplicationThrottled", ReplyKind.THROTTLED, ""),
        (Phase.POST, 401, "InvalidAuthenticationToken: expired", ReplyKind.CONFIGURATION, "Mail.Send"),
        (Phase.POST, 403, "ErrorAccessDenied: Access is denied.", ReplyKind.CONFIGURATION, "Mail.Send"),
        (Phase.POST, 403, "ErrorSendAsDenied: not allowed", ReplyKind.CONFIGURATION, "Send As"),
        (Phase.POST, 404, "ErrorInvalidUser: no such mailbox", ReplyKind.CONFIGURATION, "GRAPH_MAILBOX"),
        (Phase.POST, 400, "ErrorInvalidRecipients: at least one", ReplyKind.PERMANENT, "address"),
        (Phase.POST, 400, "ErrorMimeContentInvalid: no", ReplyKind.PERMANENT, "reply"),
        (Phase.POST, 413, "", ReplyKind.PERMANENT, "larger"),
        (Phase.POST, 408, "", ReplyKind.TRANSIENT, ""),
        (Phase.POST, 500, "", ReplyKind.TRANSIENT, ""),
        (Phase.POST, 503, "", ReplyKind.TRANSIENT, ""),
        (Phase.POST, 502, "", ReplyKind.UNKNOWN, ""),
        (Phase.POST, 504, "", ReplyKind.UNKNOWN, ""),
        (
            Phase.TOKEN,
            401,
            "invalid_client: AADSTS7000215: Invalid client secret",
            ReplyKind.CONFIGURATION,
            "not its id",
        ),
        (Phase.TOKEN, 401, "invalid_client: AADSTS7000222: expired", ReplyKind.CONFIGURATION, "has expired"),
        (Phase.TOKEN, 400, "unauthorized_client: AADSTS700016: no such", ReplyKind.CONFIGURATION, "OAUTH_CLIENT_ID"),
        (Phase.TOKEN, 400, "invalid_request: AADSTS90014: missing", ReplyKind.CONFIGURATION, "admin consent"),
        (Phase.TOKEN, 400, "invalid_grant: Token has been revoked.", ReplyKind.CONFIGURATION, "OAUTH_CLIENT_ID"),
        (Phase.TOKEN, 503, "", ReplyKind.TRANSIENT, ""),
        (Phase.TOKEN, 429, "", ReplyKind.THROTTLED, ""),
    ],
)
def test_answers_over_https_have_a_class_and_a_hint(
    phase: Phase, code: int, text: str, kind: ReplyKind, hint: str
) -> None:
    reply_class = classify(ServerReply(phase, code, text), "microsoft")
    assert reply_class.kind is kind
    assert hint in (reply_class.remedy or "")
