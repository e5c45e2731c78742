"""Settings of watching and housekeeping: the exporter, alerts without Prometheus, how long things are kept."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class WatchSettings(BaseSettings):
    """Who is told how things are, and for how long what happened is kept."""

    exporter_address: str = Field("127.0.0.1", description="where the exporter for Prometheus listens")
    exporter_port: int = Field(9808, ge=1, le=65_535, description="where the exporter for Prometheus listens")
    alert_webhook_url: SecretStr | None = Field(
        None, description="alerts are posted there as JSON; incoming webhooks of Slack and Teams take it"
    )
    alert_after_seconds: float = Field(60.0, ge=10, description="how long a part may give no sign of life")
    alert_repeat_seconds: float = Field(14_400.0, ge=60, description="an alert that stays open is repeated after")
    alert_per_hour: int = Field(30, ge=1, description="at most so many posts in an hour; the rest waits")

    liveness_seconds: float = Field(
        120.0, ge=10, description="a program whose loop, clock or page is silent so long ends itself; so does a child"
    )
    liveness_file: Path | None = Field(
        None, description="where a program writes every few seconds how it is, for the health check of a container"
    )

    keep_payload_days: int = Field(90, ge=1, description="texts of events, attempts, finished mails")
    keep_event_days: int = Field(730, ge=7, description="event ids, so that none counts twice; no texts")
    keep_audit_days: int = Field(2_555, ge=30, description="the audit log, and what people did with tickets")

    @field_validator("alert_webhook_url")
    @classmethod
    def is_web_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("should start with https:// or http://")
        return url
