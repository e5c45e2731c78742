"""Login to the list of tickets by an OpenID Connect provider: authorization code with PKCE, state and nonce.

Needs the extra `oidc`. Sources: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636; RFC 9700, section 2.1.
"""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from itsdangerous import BadSignature

from config.settings import Settings
from services.tickets.signed_links import signer
from services.transports.http_client import HttpClient

LOGIN_COOKIE: Final = "escalation_login"
PERSON_COOKIE: Final = "escalation_person"
LOGIN_SECONDS: Final = 600
PERSON_SECONDS: Final = 12 * 3_600
_PATIENCE_SECONDS: Final = 5.0
_SCOPE: Final = "openid email profile"
# What the provider signs with its private key; never `none`, nor a secret that both sides know.
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_CLOCKS_APART_SECONDS: Final = 60
_ENDPOINTS: Final = {"authorization_endpoint", "token_endpoint", "jwks_uri"}


class LoginFailed(Exception):
    """Nobody is logged in; the words are for the log and hold no secret."""


def begin_login(settings: Settings) -> tuple[str, str]:
    """Return the provider's address to go to, and what a cookie has to keep until the answer.

    :raises LoginFailed: the provider does not answer as one
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with _make_client(settings) as client:
        address, _ = client.create_authorization_url(
            _discover(settings)["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return address, signer(settings, "oidc-login").dumps([state, nonce, verifier])


def finish_login(settings: Settings, kept: str, answer: Mapping[str, str]) -> str:
    """Return what a cookie has to keep of the person who has logged in.

    :param kept: what the cookie of `begin_login` kept
    :param answer: the query of the provider's redirection
    :raises LoginFailed: this browser began no such login, the provider refuses it, or the person may not see the list
    """
    try:
        state, nonce, verifier = signer(settings, "oidc-login").loads(kept, max_age=LOGIN_SECONDS)
    except (BadSignature, ValueError) as error:
        raise LoginFailed("this browser has begun no login, or too long ago") from error
    if not hmac.compare_digest(str(state).encode(), answer.get("state", "").encode()):
        raise LoginFailed("the answer belongs to another login")
    if "code" not in answer:
        raise LoginFailed(f"the provider says {answer.get('error', 'nothing')[:60]!r}")
    provider = _discover(settings)
    id_token = _fetch_token(settings, provider["token_endpoint"], answer["code"], verifier)
    # Fetched each time, so that a new key of the provider counts at once; logins are rare.
    claims = _read_claims(settings, id_token, _fetch(settings, provider["jwks_uri"]), nonce)
    return signer(settings, "oidc-person").dumps(_name_person(settings, claims))


def find_person(settings: Settings, kept: str) -> str | None:
    """Return who has logged in on this device, or None."""
    try:
        person = signer(settings, "oidc-person").loads(kept, max_age=PERSON_SECONDS)
    except BadSignature:
        return None
    return str(person) if settings.oidc_issuer and _may_see(settings, str(person)) else None


def _make_client(settings: Settings) -> Any:
    # Imported here: it comes with an extra.
    from authlib.integrations.requests_client import OAuth2Session

    secret = settings.oidc_client_secret
    client = OAuth2Session(
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
        scope=_SCOPE,
        redirect_uri=f"{settings.public_url}/callback",
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )
    # With the authority that HTTPS_CA_FILE names.
    client.mount("https://", _https(settings).get_adapter("https://"))
    return client


def _fetch_token(settings: Settings, address: str, code: str, verifier: str) -> str:
    from authlib.integrations.base_client import OAuthError

    try:
        with _make_client(settings) as client:
            token = client.fetch_token(address, code=code, code_verifier=verifier, timeout=_PATIENCE_SECONDS)
    except (OAuthError, requests.RequestException) as error:
        raise LoginFailed(f"no token: {type(error).__name__}") from error
    return str(token.get("id_token", ""))


def _read_claims(settings: Settings, id_token: str, keys: Any, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token that the provider signed for us and for this login, and that has not expired."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    expected = jwt.JWTClaimsRegistry(
        leeway=_CLOCKS_APART_SECONDS,
        iss={"essential": True, "value": str(settings.oidc_issuer)},
        aud={"essential": True, "value": str(settings.oidc_client_id)},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
    )
    try:
        claims: Mapping[str, Any] = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
        expected.validate(dict(claims))
    except (JoseError, ValueError, KeyError) as error:
        raise LoginFailed(f"the ID token does not count: {type(error).__name__}") from error
    if claims.get("azp", settings.oidc_client_id) != settings.oidc_client_id:
        raise LoginFailed("the ID token is for another client")
    return claims


def _name_person(settings: Settings, claims: Mapping[str, Any]) -> str:
    email = str(claims.get("email") or "").casefold()
    if not email:
        raise LoginFailed("the provider names no mail address of the person")
    if "email_verified" not in claims and not settings.oidc_email_is_verified:
        raise LoginFailed("the provider does not say whether it verified the address: see OIDC_EMAIL_IS_VERIFIED")
    verified = claims.get("email_verified", True)
    # Some providers write the string instead of the boolean that the standard asks for.
    if verified is not True and verified != "true":
        raise LoginFailed(f"the provider says that email_verified is {verified!r:.60}, and not true")
    if not _may_see(settings, email):
        raise LoginFailed("OIDC_USERS does not name this person")
    return email


def _may_see(settings: Settings, email: str) -> bool:
    """Whether OIDC_USERS names the address, its domain (`@example.com`), or everybody (`*`)."""
    named = {name.strip().casefold() for name in settings.oidc_users.split(",")}
    return bool(named & {email, f"@{email.rpartition('@')[2]}", "*"})


def _discover(settings: Settings) -> Mapping[str, Any]:
    """The provider's own description (OpenID Connect Discovery 1.0, section 4); it has to name itself as we do."""
    found = _fetch(settings, f"{str(settings.oidc_issuer).rstrip('/')}/.well-known/openid-configuration")
    if not isinstance(found, dict) or found.get("issuer") != settings.oidc_issuer:
        raise LoginFailed("what answers at OIDC_ISSUER names another issuer")
    if missing := _ENDPOINTS - found.keys():
        raise LoginFailed(f"the provider does not name its {', '.join(sorted(missing))}")
    return found


def _https(settings: Settings) -> HttpClient:
    return HttpClient(settings.https_ca_file, _PATIENCE_SECONDS, _PATIENCE_SECONDS)


def _fetch(settings: Settings, address: str) -> Any:
    with _https(settings) as https:
        try:
            answer = https.get(address)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as error:
            host = urlsplit(address).hostname
            raise LoginFailed(f"{host} does not answer as a provider: {type(error).__name__}") from error
