"""Settings of delivery: logins by token, end points, limits and durations."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from rules.delivery import Times


class DeliverySettings(BaseSettings):
    """How mails are handed over; the durations are in seconds and seldom need a change."""

    smtp_auth: Literal["auto", "plain", "login", "cram-md5", "xoauth2"] = Field(
        "auto", description="how to log in; auto: with the password, by the best way that the server offers"
    )
    mail_file_dir: Path = Field(Path("var/mail"), description="where MAIL_TRANSPORT=file writes .eml files")
    oauth_provider: Literal["microsoft", "google"] = Field("microsoft", description="who gives tokens")
    oauth_tenant: str | None = Field(None, description="Microsoft: the tenant's id or domain")
    oauth_client_id: str | None = Field(None, description="the application's id")
    oauth_client_secret: SecretStr | None = Field(None, description="the application's secret")
    oauth_certificate: SecretStr | None = Field(
        None, description="Microsoft: PEM of private key and certificate instead of a secret"
    )
    oauth_refresh_token: SecretStr | None = Field(None, description="Google: refresh token of the mailbox")
    oauth_service_account: SecretStr | None = Field(
        None, description="Google: JSON key of a service account that may act for the mailbox"
    )
    oauth_authority: str = Field("https://login.microsoftonline.com", description="Microsoft's token end point")
    oauth_token_url: str = Field("https://oauth2.googleapis.com/token", description="Google's token end point")
    oauth_smtp_scope: str = Field("https://outlook.office365.com/.default", description="Microsoft: scope for SMTP")
    graph_url: str = Field("https://graph.microsoft.com/v1.0", description="Microsoft Graph")
    graph_scope: str = Field("https://graph.microsoft.com/.default", description="scope for Microsoft Graph")
    graph_mailbox: str | None = Field(None, description="mailbox that Graph sends from; FROM_EMAIL unless set")
    https_ca_file: Path | None = Field(None, description="PEM of a private authority for tokens and Graph")

    mail_connections: int | None = Field(None, ge=1, description="connections at once; by provider unless set")
    mail_per_minute: int | None = Field(None, ge=1, description="messages a minute; by provider unless set")
    mail_per_day: int | None = Field(None, ge=1, description="recipients a day; by provider unless set")
    mail_claim_size: int = Field(
        10, ge=1, le=100, description="mails that one sender takes at once; more if they leave fast"
    )
    mail_run_seconds: float = Field(20.0, gt=0, le=60, description="how long one delivery task may go on")
    mail_direct: bool = Field(True, description="who queues up to three mails sends them, while the server is fast")
    mail_message_seconds: float = Field(300.0, gt=0, le=300, description="longest time for one message")

    mail_retry_seconds: Annotated[tuple[float, ...], NoDecode] = Field(
        (30, 120, 300, 600, 1200, 2400, 3600), min_length=1, description="waits between attempts; the last is repeated"
    )
    mail_give_up_seconds: float = Field(86_400, gt=0, description="tried in vain so long: held for a person")
    mail_warn_seconds: float = Field(900, gt=0, description="tried in vain so long: an alert is raised")
    mail_stuck_seconds: float = Field(300, gt=0, description="urgent mail goes to the next contact after so long")
    mail_rate_pause_seconds: float = Field(75, gt=0, description="rest when the server says: too fast")
    mail_connections_pause_seconds: float = Field(20, gt=0, description="rest when it says: too many connections")
    mail_quota_pause_seconds: float = Field(3600, gt=0, description="rest when a quota is used up")
    mail_first_probe_seconds: float = Field(900, gt=0, description="first login probe after wrong settings")
    mail_next_probe_seconds: float = Field(3600, gt=0, description="further login probes")
    mail_repeat_urgent_seconds: float = Field(
        60, gt=0, description="urgent mail whose reply was lost: sent again after"
    )
    mail_repeat_seconds: float = Field(900, gt=0, description="other mail whose reply was lost: sent again after")

    @field_validator("mail_retry_seconds", mode="before")
    @classmethod
    def split_seconds(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("mail_retry_seconds")
    @classmethod
    def are_positive(cls, waits: tuple[float, ...]) -> tuple[float, ...]:
        if min(waits) <= 0:
            raise ValueError("should be seconds above 0, separated by commas, such as 30,120,300")
        return waits

    @field_validator("oauth_authority", "oauth_token_url", "graph_url")
    @classmethod
    def is_https(cls, url: str) -> str:
        if not url.startswith("https://"):
            raise ValueError("should start with https://")
        return url.rstrip("/")

    @property
    def mail_times(self) -> Times:
        """The durations as the rules know them."""
        return Times(
            retries=self.mail_retry_seconds,
            give_up=self.mail_give_up_seconds,
            rate_pause=self.mail_rate_pause_seconds,
            connections_pause=self.mail_connections_pause_seconds,
            quota_pause=self.mail_quota_pause_seconds,
            first_probe=self.mail_first_probe_seconds,
            next_probe=self.mail_next_probe_seconds,
            repeat_urgent=self.mail_repeat_urgent_seconds,
            repeat=self.mail_repeat_seconds,
        )
