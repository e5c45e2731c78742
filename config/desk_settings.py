"""Settings of what comes after the ticket: its page, the links to it, the reconciliation's heartbeat."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_SHORTEST_SECRET = 32


class DeskSettings(BaseSettings):
    """How experts reach the ticket's page, and who hears that all is well."""

    public_url: str | None = Field(None, description="address of the ticket's page, for the links in mails")
    link_secret: SecretStr | None = Field(None, description="signs the links; 32 random characters or more")
    link_days: int = Field(30, ge=1, le=365, description="how long a link in a mail works")
    desk_host: str = Field("127.0.0.1", description="where the ticket's page listens")
    desk_port: int = Field(8090, ge=0, le=65_535, description="where the ticket's page listens")
    desk_proxies: str = Field(
        "127.0.0.1",
        description="proxies whose X-Forwarded-For counts: addresses, networks and `gateway`, separated by commas",
    )
    desk_user_proxies: str = Field(
        "", description="networks of proxies that authenticate: their X-Forwarded-User opens the list of tickets"
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID provider whose login opens the list of tickets (docs/tickets.md); extra `oidc`"
    )
    oidc_client_id: str | None = Field(None, description="this client's id at the provider")
    oidc_client_secret: SecretStr | None = Field(None, description="its secret; without one PKCE alone protects")
    oidc_users: str = Field(
        "", description="who may see the list: addresses and domains (@example.com), separated by commas; * for all"
    )
    oidc_email_is_verified: bool = Field(
        False, description="believe an address of which the provider does not say whether it is verified"
    )
    desk_answer_seconds: float = Field(
        1.7, gt=0, description="after this the page says that the database is away, and keeps what was typed"
    )
    desk_views_per_minute: int = Field(60, ge=1, description="pages for one address in a minute")
    desk_actions_per_minute: int = Field(10, ge=1, description="actions on one ticket in a minute")
    heartbeat_url: SecretStr | None = Field(None, description="called when a reconciliation found everything clean")

    @field_validator("public_url")
    @classmethod
    def is_page_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("should be an address such as https://tickets.example.com, without ? and #")
        return url.rstrip("/")

    @field_validator("link_secret")
    @classmethod
    def is_long_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"should have at least {_SHORTEST_SECRET} characters: openssl rand -hex 32")
        return secret

    @field_validator("oidc_issuer")
    @classmethod
    def is_issuer(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith("https://"):
            raise ValueError("should start with https://, as the provider names itself")
        return url

    @field_validator("heartbeat_url")
    @classmethod
    def is_heartbeat_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("should start with https:// or http://")
        return url

    @model_validator(mode="after")
    def links_are_signed(self) -> "DeskSettings":
        if self.public_url and not self.link_secret:
            raise ValueError("PUBLIC_URL needs LINK_SECRET, which signs the links: openssl rand -hex 32")
        return self

    @model_validator(mode="after")
    def login_is_complete(self) -> "DeskSettings":
        if self.oidc_issuer and not (self.public_url and self.oidc_client_id and self.oidc_users):
            raise ValueError("OIDC_ISSUER needs PUBLIC_URL, OIDC_CLIENT_ID and OIDC_USERS")
        return self
