"""The policy's file, which is not the contacts'."""

from pathlib import Path

import pytest

from config.settings import Settings, get_settings
from services.installation import Installation
from tests.processes import ROOT
from tests.tasks.conftest import installation
from worker.doctor import celery_nodes
from worker.doctor.contacts import check

__all__ = ["installation"]

SHIPPED = (ROOT / "config" / "policy.toml").read_text(encoding="utf-8")


def given(policy: str, folder: Path, patch: pytest.MonkeyPatch, **environment: str) -> Settings:
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    for name, value in {"POLICY_FILE": str(folder / "policy.toml"), **environment}.items():
        patch.setenv(name, value)
    get_settings.cache_clear()
    return get_settings()


def test_a_mistake_in_the_policy_is_told_apart_from_the_contacts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = SHIPPED.replace("confidence_threshold = 0.3", "confidence_threshold = 30")
    policy, contacts = check(given(wrong, tmp_path, monkeypatch))
    assert (policy.part, policy.level) == ("policy", "broken")
    assert "policy.toml: confidence_threshold = 30" in policy.found
    assert (contacts.part, contacts.level) == ("contacts", "ok")


def test_a_mistake_in_the_environment_is_not_blamed_on_the_file(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    policy, _ = check(given(SHIPPED, tmp_path, monkeypatch, POLICY_STORM_TICKETS="many"))
    assert policy.found.startswith("POLICY_STORM_TICKETS = 'many'")
    assert "policy.toml" not in policy.found


def test_a_policy_that_cannot_be_read_is_told_once_and_the_workers_are_asked_all_the_same(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = given(SHIPPED, tmp_path, monkeypatch, POLICY_STORM_TICKETS="many")
    found = list(celery_nodes.check(settings))
    assert [(one.part, one.remedy) for one in found if one.level == "unknown"] == [("second ear", "See policy above.")]
    assert "look when each sweep last ended" in {one.tried for one in found}
