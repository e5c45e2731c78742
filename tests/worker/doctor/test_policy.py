"""The policy's file, which is not the contacts'."""

from pathlib import Path

import pytest

from config.settings import get_settings
from services.installation import Installation
from tests.processes import ROOT
from tests.tasks.conftest import installation
from worker.doctor.contacts import check

__all__ = ["installation"]


def test_a_mistake_in_the_policy_is_told_apart_from_the_contacts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    shipped = (ROOT / "config" / "policy.toml").read_text(encoding="utf-8")
    file.write_text(shipped.replace("confidence_threshold = 0.3", "confidence_threshold = 30"), encoding="utf-8")
    monkeypatch.setenv("POLICY_FILE", str(file))
    get_settings.cache_clear()
    policy, contacts = check(get_settings())
    assert (policy.part, policy.level) == ("policy", "broken")
    assert "policy.toml: confidence_threshold = 30" in policy.found
    assert (contacts.part, contacts.level) == ("contacts", "ok")
