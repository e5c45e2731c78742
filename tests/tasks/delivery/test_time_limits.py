"""The times of delivery as shipped fit into each other."""

import pytest

from config.settings import Settings
from services.delivery.lease import LEASE_SECONDS
from tests.services.delivery.conftest import Setting
from worker.celery_app import app


@pytest.mark.parametrize("name", ["deliver_due", "deliver_urgent", "drain_events"])
def test_a_lease_outlives_the_task_that_holds_it_and_the_task_its_last_message(name: str, setting: Setting) -> None:
    shipped = {name: field.default for name, field in Settings.model_fields.items()}
    setting()
    app.loader.import_default_modules()
    limit = app.tasks[f"escalation.{name}"].time_limit
    assert limit is not None
    assert shipped["mail_run_seconds"] + shipped["mail_message_seconds"] < limit < LEASE_SECONDS


def test_a_message_has_time_for_each_of_its_steps() -> None:
    shipped = {name: field.default for name, field in Settings.model_fields.items()}
    assert (
        shipped["smtp_connect_seconds"] + 2 * shipped["smtp_command_seconds"] + shipped["smtp_reply_seconds"]
        <= (shipped["mail_message_seconds"])
    )
