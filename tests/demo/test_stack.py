"""The demo's own stack: it never touches what is in use, and says why it does not start."""

from pathlib import Path

import pytest

from config.settings import Settings
from demo.stack import DEMO_SETTINGS, StackFailed, environment, start_stack


def test_no_setting_of_the_worker_reaches_the_demo_s_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://abparts:secret@production/abparts")
    monkeypatch.setenv("SMTP_SERVER", "smtp.office365.com")
    monkeypatch.setenv("smtp_password_file", "/run/secrets/smtp")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    given = environment()
    settings = {name.upper() for name in Settings.model_fields}
    assert {name for name in given if name.upper().removesuffix("_FILE") in settings} == {*DEMO_SETTINGS} & settings
    assert given["POLICY_STORM_TICKETS"] == DEMO_SETTINGS["POLICY_STORM_TICKETS"]
    assert given["SOMETHING_ELSE"] == "kept"


def test_a_stack_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "stack").write_text("a file where the data should be")
    heard: list[str] = []
    with pytest.raises(StackFailed, match=r"did not start \(exit 1\):\n[^\n]*stack"):
        start_stack(tmp_path, fresh=False, said=heard.append)
    assert heard
