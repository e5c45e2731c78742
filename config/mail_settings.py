"""Settings of mail; the SMTP names are ABParts' own and keep working."""

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

# RFC 5321, 4.1.2 and 4.1.3: a full host name, or an address in brackets.
_EHLO_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[[0-9.]+\]|\[IPv6:[0-9A-Fa-f:.]+\]")


def checked_address(address: str) -> str:
    """The address in its normal form.

    :raises ValueError: it is none, with the reason (RFC 5321 and 6531, by email-validator)
    """
    try:
        return validate_email(address, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"should be a mail address: {error}") from error


class MailSettings(BaseSettings):
    """How mail leaves, from whom, and to whom."""

    mail_transport: Literal["smtp", "graph", "file"] = Field("smtp", description="the way mails leave")
    smtp_server: str = Field("localhost", description="host name of the mail server")
    smtp_port: int = Field(587, ge=1, le=65_535, description="587 with STARTTLS, 465 with SSL, 25 plain")
    smtp_username: str | None = Field(None, description="login; none: no AUTH")
    smtp_password: SecretStr | None = Field(None, description="password of the login")
    smtp_use_tls: bool = Field(True, description="STARTTLS")
    smtp_use_ssl: bool = Field(False, description="TLS from the first byte (port 465)")
    smtp_ca_file: Path | None = Field(None, description="PEM of a private certificate authority to trust as well")
    smtp_ehlo_name: str | None = Field(
        None, description="how to introduce ourselves to the mail server; this host's full name unless set"
    )
    smtp_connect_seconds: float = Field(30.0, gt=0, description="time-out of the connection")
    smtp_command_seconds: float = Field(60.0, gt=0, description="time-out of each command")
    smtp_reply_seconds: float = Field(120.0, gt=0, description="time-out of the reply after the final dot")
    from_email: str | None = Field(None, description="sender; SMTP_USERNAME unless set")
    support_email: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="who gets the support mails; several separated by commas"
    )
    mail_bundle_seconds: float = Field(600.0, ge=0, description="at least so long between two mails of a ticket")
    from_name: str = Field("AutoBoss Support", description="name shown beside the sender's address")
    support_language: Literal["en", "el", "ar", "es", "tr", "no"] = Field(
        "en", description="the language of the support mails"
    )
    support_time_zone: str = Field("UTC", description="the support team's time zone, for the times in its mails")
    customer_notice: bool = Field(False, description="users get a mail about their ticket, in their language")
    mail_late_seconds: float = Field(300.0, gt=0, description="a mail says how old its event is when older than this")
    mail_html_bytes: int = Field(
        80_000, ge=40_000, le=100_000, description="HTML of a mail stays below; Gmail cuts at about 102,000"
    )
    mail_attachment_bytes: int = Field(
        10_000_000, ge=100_000, description="the attached whole conversation is cut in the middle above this"
    )

    @field_validator("smtp_ehlo_name")
    @classmethod
    def is_host_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(
            r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[[0-9A-Fa-f:.]+\]|\[IPv6:\S+\]", name
        ):
            raise ValueError("should be a full host name such as worker.example.com, or an address as [192.0.2.1]")
        return name

    @field_validator("support_email", mode="before")
    @classmethod
    def split_addresses(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("support_email")
    @classmethod
    def are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(checked_address(address) for address in addresses))

    @field_validator("support_time_zone")
    @classmethod
    def is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("should be a time zone such as UTC or Europe/Athens") from error
        return name

    @field_validator("from_email")
    @classmethod
    def is_address(cls, address: str | None) -> str | None:
        return checked_address(address) if address else None

    @model_validator(mode="after")
    def is_consistent(self) -> "MailSettings":
        if self.smtp_use_ssl and self.smtp_server.lower() == "smtp.office365.com":
            raise ValueError(
                "SMTP_USE_SSL: smtp.office365.com speaks STARTTLS on port 587 only: set SMTP_USE_SSL=false"
            )
        return self

    @property
    def sender(self) -> str:
        """The address that mails come from: FROM_EMAIL, else SMTP_USERNAME, else the first support address."""
        return self.from_email or self.smtp_username or next(iter(self.support_email), "escalation@localhost")
