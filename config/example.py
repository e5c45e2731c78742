"""Writes `.env.example`, every setting with its default: `python -m config.example > .env.example`."""

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.policy import PolicyFile
from config.settings import CONFIG_FOLDER, Settings

_HEAD = """\
# Every setting, commented out, with its default. DATABASE_URL and REDIS_URL have none and must be given: their values
# here are examples.
# Secrets may also be given as files: SMTP_PASSWORD_FILE=/run/secrets/smtp_password
"""
_REQUIRED = {"database_url": "postgresql://abparts:…@db:5432/abparts", "redis_url": "redis://:…@redis:6379/0"}


def env_example() -> str:
    """The file's whole content."""
    settings = [_make_line(name.upper(), field, _REQUIRED.get(name)) for name, field in Settings.model_fields.items()]
    policy = [f"# POLICY_{name.upper()}=" for name in PolicyFile.model_fields if name != "version"]
    return "\n".join([_HEAD, *settings, "\n# Each value of config/policy.toml can be overridden:", *policy, ""])


def _make_line(name: str, field: FieldInfo, required: str | None) -> str:
    comment = f"# {field.description}"
    # Also commented out: the example would otherwise count before a secret's file.
    return f"{comment}\n# {name}={required or _shown(field)}\n"


def _shown(field: FieldInfo) -> str:
    value = field.default
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).replace(str(CONFIG_FOLDER), "config")


if __name__ == "__main__":
    print(env_example(), end="")
