"""Settings: what is wrong is named, what is secret is not shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.errors import ConfigurationError
from config.policy import load_policy
from config.settings import Settings, get_settings

GOOD = {"DATABASE_URL": "postgresql://user:sesame@db/abparts", "REDIS_URL": "redis://:sesame@redis:6379/0"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def test_the_names_that_abparts_uses_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_SERVER", "smtp.office365.com")
    monkeypatch.setenv("SMTP_USERNAME", "abparts_support@oraseas.com")
    monkeypatch.setenv("SUPPORT_EMAIL", "abparts_support@oraseas.com, second@oraseas.com")
    settings = get_settings()
    assert (settings.smtp_server, settings.smtp_port, settings.smtp_use_tls) == ("smtp.office365.com", 587, True)
    assert settings.sender == "abparts_support@oraseas.com"
    assert settings.support_email == ("abparts_support@oraseas.com", "second@oraseas.com")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: should start with postgresql://"),
        ("REDIS_URL", "localhost", "REDIS_URL: should start with redis://"),
        ("REDIS_URL", "unix:///run/redis.sock", "REDIS_URL: should start with redis://"),
        ("REDIS_URL", "redis://redis:6379/0?password=sesame", "the password stands before the host"),
        ("REDIS_URL", "rediss://redis:6379/0?ssl_ca_certs=ca.pem&db=2", "no parameter after ? but"),
        ("REDIS_URL", "redis://:se/same@redis:6379/0", "with %2F, %3F"),
        ("REDIS_URL", "redis://redis:port/0", "should be redis://:password@host:6379/0"),
        ("SMTP_PORT", "seventy", "SMTP_PORT: "),
        ("SUPPORT_EMAIL", "nobody", "SUPPORT_EMAIL: should be a mail address"),
        ("TICKET_TIME_ZONE", "Mars/Olympus", "TICKET_TIME_ZONE: should be a time zone"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("REDIS_URL", "redis://:lion/tiger@redis:6379/0"),
        ("REDIS_URL", "redis://:lion?tiger@redis:6379/0"),
        ("REDIS_URL", "redis://:lion#tiger@redis"),
        ("REDIS_URL", "redis://:lion:tiger"),
        ("REDIS_URL", "redis://redis?password=lion-tiger"),
        ("REDIS_URL", "redis://:lion@redis:tiger/0"),
        ("REDIS_URL", "redis://:lion@redis:6379/tiger"),
        ("REDIS_URL", "redis://:lion@redis:6379/0/1"),
        ("REDIS_URL", "redis://:lion@redis:6379/-1"),
        ("REDIS_URL", "redis://:lion@redis:6379/0?socket_timeout=tiger"),
        ("REDIS_URL", "redis://:lion@redis:6379/0?db=3"),
        ("REDIS_URL", "rediss://:lion@redis:6379/0?ssl_tiger=1"),
        ("REDIS_URL", "rediss://:lion@redis:6379/0?ssl_cert_reqs=tiger"),
        ("REDIS_URL", "redis://:lion@redis:6379/0?ssl_ca_certs=ca.pem"),
        ("DATABASE_URL", "postgresql://user:lion@tiger@db/abparts"),
        ("DATABASE_URL", "postgresql://user:lion:tiger"),
        ("DATABASE_URL", "postgresql://db:lion/abparts"),
        ("DATABASE_URL", "postgresql://user:lion@db:tiger/abparts"),
        ("DATABASE_URL", "postgresql://user:lion@db:99999/abparts"),
        ("DATABASE_URL", "postgresql://user:lion@db/abparts?tiger=1"),
        ("DATABASE_URL", "postgresql://user:lion@db/abparts?sslmode=tiger"),
        ("DATABASE_URL", "lion-tiger"),
    ],
)
def test_nothing_of_a_wrong_url_is_repeated(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(ConfigurationError, match=f"{name}: should ") as caught:
        get_settings()
    assert [word for word in ("lion", "tiger") if word in str(caught.value)] == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@/abparts?host=%2Frun%2Fpostgresql&port=5433",
        "postgresql:///abparts",
        "postgres://user:se/same@db:5432/abparts",
        "postgresql+psycopg2://user:sesame@[::1]:5432/abparts?sslmode=verify-full",
        "postgresql://db/abparts?user=user&password=lion@tiger",
    ],
)
def test_every_form_of_a_database_s_url_that_works_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert get_settings().database_url.get_secret_value() == url


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_setting_is_named_with_both_ways_to_give_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(ConfigurationError, match=f"^{name}: is missing; set it, or {name}_FILE to a file that holds"):
        get_settings()


def test_a_missing_setting_whose_file_is_empty_is_named_with_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("\n")
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "url"))
    monkeypatch.delenv("REDIS_URL")
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert f"REDIS_URL: is missing, and {tmp_path / 'url'}, which REDIS_URL_FILE names, is empty" in str(caught.value)


def test_an_empty_variable_is_none_so_the_file_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://from/file\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("DATABASE_URL", "")
    assert get_settings().database_url.get_secret_value() == "postgresql://from/file"


def test_ssl_with_office_365_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_SERVER", "smtp.office365.com")
    monkeypatch.setenv("SMTP_USE_SSL", "true")
    with pytest.raises(ConfigurationError, match="STARTTLS on port 587 only"):
        get_settings()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "opensesame")
    shown = repr(get_settings()) + str(get_settings().model_dump())
    assert "sesame" not in shown
    monkeypatch.setenv("DATABASE_URL", "mysql://user:opensesame@db")
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert "sesame" not in str(caught.value)


def test_a_secret_may_be_a_file_and_the_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from-file\n")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    password = get_settings().smtp_password
    assert password is not None
    assert password.get_secret_value() == "from-file"
    monkeypatch.setenv("SMTP_PASSWORD", "from-variable")
    get_settings.cache_clear()
    password = get_settings().smtp_password
    assert password is not None
    assert password.get_secret_value() == "from-variable"


def test_a_secret_s_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD_FILE", "/nowhere/password")
    with pytest.raises(ConfigurationError, match="SMTP_PASSWORD_FILE: cannot read /nowhere/password"):
        get_settings()


def test_a_secret_s_file_that_is_no_text_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_bytes(b"\xffsesame")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(ConfigurationError, match=r"SMTP_PASSWORD_FILE: .* is no text in UTF-8") as caught:
        get_settings()
    assert "sesame" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        get_settings().smtp_port = 25


def test_the_environment_overrides_the_policy_and_its_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    path = get_settings().policy_file
    load_policy.cache_clear()
    before = load_policy(path)
    monkeypatch.setenv("POLICY_CONFIDENCE_THRESHOLD", "0.4")
    load_policy.cache_clear()
    after = load_policy(path)
    load_policy.cache_clear()
    assert (before.confidence_threshold, after.confidence_threshold) == (0.3, 0.4)
    assert before.version != after.version


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("confidence_threshold = 7", "confidence_threshold = 7"),
        ("step_limit = 0", "step_limit = 0"),
        ("treshold = 1", "treshold"),
        ("version = ", "Invalid value"),
    ],
)
def test_a_broken_policy_names_the_file_and_the_value(tmp_path: Path, line: str, said: str) -> None:
    good = get_settings().policy_file.read_text(encoding="utf-8")
    name = line.split(" = ")[0]
    kept = [text for text in good.splitlines() if not text.startswith(f"{name} =")]
    path = tmp_path / "policy.toml"
    path.write_text("\n".join([*kept, line]), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_policy(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)
