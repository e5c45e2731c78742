"""Secrets as files: NAME_FILE holds the path of a file whose content is the value of NAME (Docker's convention)."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from config.errors import ConfigurationError


def secret_file(name: str) -> str | None:
    """What the file of a setting holds; an empty file is no secret, as an empty variable is none.

    :raises ConfigurationError: the file cannot be read
    """
    variable = f"{name.upper()}_FILE"
    path = os.environ.get(variable)
    # CONTACTS_FILE and the like are settings of their own, not the file of a setting "contacts".
    if not path or name.endswith("_file"):
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise ConfigurationError(f"{variable}: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{variable}: {path} is no text in UTF-8") from None


class SecretFileSource(PydanticBaseSettingsSource):
    """Reads SMTP_PASSWORD from the file that SMTP_PASSWORD_FILE names; the variable itself wins."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return secret_file(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}
