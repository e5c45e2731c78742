"""A small OpenID provider: a real HTTPS server that logs its one user in at once and signs with a real key."""

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import trustme
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "escalation", "client-secret-of-the-tests"


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})


class OpenIdProvider(ThreadingHTTPServer):
    """`claims` are put over those of the ID token; `signs_with` is another key where set; `asked` are the logins.

    `description`: what it says of itself instead, where set.
    """

    daemon_threads = True

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.key = _key()
        self.signs_with: RSAKey | None = None
        self.claims: dict[str, Any] = {}
        self.omits: set[str] = set()
        self.description: Any = None
        self.asked: list[dict[str, str]] = []

    @property
    def issuer(self) -> str:
        return f"https://127.0.0.1:{self.server_port}/realm"

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "Maria@Example.com",
            "email_verified": True,
        }
        told = {name: value for name, value in (claims | self.claims).items() if name not in self.omits}
        return jwt.encode({"alg": "RS256", "kid": "1"}, told, self.signs_with or self.key)


class _Answers(BaseHTTPRequestHandler):
    server: OpenIdProvider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        match address.path.removeprefix("/realm"):
            case "/.well-known/openid-configuration":
                names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
                places = {name: f"{self.server.issuer}/{path}" for name, path in names.items()}
                self._answer(self.server.description or {"issuer": self.server.issuer, **places})
            case "/keys":
                self._answer({"keys": [self.server.key.as_dict(private=False)]})
            case "/authorize":
                asked = dict(parse_qsl(address.query))
                self.server.asked.append(asked)
                answer = urlencode({"code": str(len(self.server.asked) - 1), "state": asked["state"]})
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{answer}")
                self.end_headers()

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = self.server.asked[int(form["code"][0])]
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        client = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        right = (self.headers["Authorization"], challenge, form["redirect_uri"][0])
        if right == (client, asked["code_challenge"], asked["redirect_uri"]):
            self._answer({"access_token": "x", "token_type": "Bearer", "id_token": self.server.id_token(asked)})
        else:
            self._answer({"error": "invalid_grant"}, 400)

    def _answer(self, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@contextmanager
def openid_provider(authority: trustme.CA) -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider(authority)
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        thread.join()
        provider.server_close()
