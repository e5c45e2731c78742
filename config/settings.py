"""All settings, read from the environment once and frozen; a missing or wrong one is named with what would be right."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.delivery_settings import DeliverySettings
from config.desk_settings import DeskSettings
from config.errors import ConfigurationError
from config.mail_settings import MailSettings
from config.secret_files import SecretFileSource
from config.server_urls import checked_database_url, checked_redis_url
from config.watch_settings import WatchSettings
from escalation_client.cluster_address import ClusterAddress
from escalation_client.layout import MOST_STREAMS

CONFIG_FOLDER = Path(__file__).parent
TEMPLATES_FOLDER = CONFIG_FOLDER.parent / "templates"


class Settings(MailSettings, DeliverySettings, DeskSettings, WatchSettings):
    """Every setting with its default; names are those of the environment, in capitals.

    A secret may also be given as a file: `SMTP_PASSWORD_FILE=/run/secrets/smtp_password`.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(description="postgresql://user:password@host:5432/database")
    redis_url: SecretStr = Field(description="redis://:password@host:6379/0, rediss://… or redis-sentinel://…")

    mode: Literal["active", "shadow"] = Field("active", description="shadow records decisions and touches nothing else")
    escalation_embedded: bool = Field(False, description="set by the embedded stack: example contacts are allowed")
    escalation_var_dir: Path = Field(Path("var"), description="where beat and the embedded stack keep files")
    ticket_time_zone: str = Field("UTC", description="the zone whose day stands in AB-YYYYMMDD-NNNN")
    policy_file: Path = Field(CONFIG_FOLDER / "policy.toml", description="thresholds and lists of the rules")
    contacts_file: Path = Field(CONFIG_FOLDER / "contacts.toml", description="people, hours, routes and ladder")

    batch_size: int = Field(750, ge=1, le=5_000, description="events read from the stream at once")
    drain_seconds: float = Field(5.0, gt=0, le=60, description="how long one drain may go on")
    reclaim_after_seconds: float = Field(10.0, gt=0, description="when a silent consumer's entries are taken over")
    statement_timeout_seconds: float = Field(30.0, gt=0, description="longest statement of ours")
    lock_timeout_seconds: float = Field(2.0, gt=0, description="longest wait for a row that ABParts holds")
    events_cluster_url: SecretStr | None = Field(
        None,
        description="redis-cluster://:password@host1:6379,host2:6379, where event streams lie on one",
    )
    event_streams: int = Field(1, ge=1, le=MOST_STREAMS, description="over how many streams events are spread")
    stream_keep_seconds: int = Field(3_600, ge=0, description="how long read entries stay in the stream")
    outcomes_keep: int = Field(10_000, ge=100, description="about how many outcomes stay in their stream")

    health_stream_lag: int = Field(5_000, ge=1, description="queue_health fails above: entries not yet read")
    health_oldest_event_seconds: float = Field(
        60.0, gt=0, description="queue_health fails above: oldest undecided event"
    )
    health_oldest_urgent_seconds: float = Field(
        120.0, gt=0, description="queue_health fails above: oldest safety mail that no server accepted"
    )
    health_oldest_mail_seconds: float = Field(900.0, gt=0, description="queue_health fails above: oldest mail due")
    health_rejected_per_hour: int = Field(
        100, ge=0, description="queue_health fails above: events set aside in an hour"
    )

    flower_user: str | None = Field(None, description="login of Flower; without one Flower does not start")
    flower_password: SecretStr | None = Field(None, description="password of Flower")
    flower_address: str = Field("127.0.0.1", description="where Flower listens")
    flower_port: int = Field(5555, ge=1, le=65_535, description="where Flower listens")
    flower_read_only: bool = Field(True, description="Flower shows and does not steer")

    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else JSON")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is logged")

    @field_validator("database_url")
    @classmethod
    def is_postgresql(cls, url: SecretStr) -> SecretStr:
        checked_database_url(url.get_secret_value())
        return url

    @field_validator("redis_url")
    @classmethod
    def is_redis(cls, url: SecretStr) -> SecretStr:
        checked_redis_url(url.get_secret_value())
        return url

    @field_validator("events_cluster_url")
    @classmethod
    def is_cluster(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            ClusterAddress.named_by(url.get_secret_value())
        return url

    @field_validator("ticket_time_zone")
    @classmethod
    def is_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("should be a time zone such as UTC or Europe/Athens") from error
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFileSource(settings_cls)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process.

    :raises ConfigurationError: names each setting that is missing or wrong, and what it should be
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigurationError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Name each wrong setting; values are not shown, since they may be secrets."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        field = Settings.model_fields.get(name)
        hint = f" ({field.description})" if field and field.description else ""
        said = missing(name.upper()) if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name.upper()}: {said}{hint}")
    return "\n".join(lines)


def missing(name: str) -> str:
    """Where the value could stand, and that its file, if there is one, holds none."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        return f"is missing, and {file}, which {name}_FILE names, is empty"
    return f"is missing; set it, or {name}_FILE to a file that holds it"
