"""Loads `policy.toml`, lets the environment override it, and stamps the result with a version."""

import hashlib
import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from config.errors import ConfigurationError
from config.toml_problems import UNKNOWN, Problem, configuration_error, name_of, printable, shown, words_of
from rules.policy import Policy


class PolicyFile(BaseSettings):
    """The members of `policy.toml`; POLICY_… in the environment wins."""

    model_config = SettingsConfigDict(env_prefix="POLICY_", extra="forbid", frozen=True)

    version: Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(printable)]
    confidence_threshold: float = Field(ge=0, le=1)
    step_limit: int = Field(ge=1, le=10_000)
    safety_warning_limit: int = Field(ge=0, le=10_000)
    expert_categories: frozenset[str]
    expert_confidence_levels: frozenset[str]
    expert_at_any_confidence: bool
    second_ear: bool = True
    handoff_threshold: float = Field(default=0.8, ge=0, le=1)
    danger_threshold: float = Field(default=0.65, ge=0, le=1)
    handoff_ask_threshold: float = Field(default=0.25, ge=0, le=1)
    danger_ask_threshold: float = Field(default=0.3, ge=0, le=1)
    answer_seconds: float = Field(default=600, ge=1, le=3_600)
    unanswered_danger_seconds: float = Field(default=120, ge=0, le=3_600)
    storm_tickets: int = Field(default=6, ge=0, le=1_000)
    storm_minutes: float = Field(default=10, gt=0, le=1_440)
    storm_digest_minutes: float = Field(default=3, gt=0, le=60)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def read_toml(path: Path) -> dict[str, Any]:
    """The file's content.

    :raises ConfigurationError: names the file and, for a syntax error, the line
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror} (CONTACTS_FILE or POLICY_FILE names it)") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: it should not nest lists or tables as deeply as this") from error
    except ValueError as error:
        # No TOML, no UTF-8, or a number of thousands of digits.
        raise ConfigurationError(f"{path}: {error}") from error


@lru_cache(maxsize=4)
def load_policy(path: Path) -> Policy:
    """The policy in force.

    :raises ConfigurationError: names the file, the member and what would be right
    """
    data = read_toml(path)
    # Before pydantic sees them: some names would be settings of its own.
    if unknown := [Problem((name,), UNKNOWN) for name in data if name not in PolicyFile.model_fields]:
        raise configuration_error(path, data, unknown)
    try:
        values = PolicyFile(**data)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_problem(path, item) for item in error.errors())) from None
    except SettingsError as error:
        raise ConfigurationError(f"{path}: the environment overrides it with what is no JSON: {error}") from None
    members = values.model_dump()
    return Policy(**{**members, "version": f"{values.version}+{fingerprint(members)}"})


def _problem(path: Path, item: Any) -> str:
    """What is wrong and where it stands: the environment wins over the file."""
    variable = f"POLICY_{item['loc'][0]}".upper()
    name = f"{path}: {'.'.join(map(name_of, item['loc']))}"
    place = variable if variable in map(str.upper, os.environ) else name
    return f"{place} = {shown(item['input'])}: {words_of(item['type'], item['msg'])}"


def fingerprint(members: dict[str, Any]) -> str:
    """Eight hexadecimal digits that change when any value in force changes; sets are put in order first."""
    ordered = [(name, sorted(value) if isinstance(value, frozenset) else value) for name, value in members.items()]
    return hashlib.sha256(repr(sorted(ordered)).encode()).hexdigest()[:8]
