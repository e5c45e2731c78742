"""Mails to look at, without sending one."""

from pathlib import Path

import pytest
import typer
from sqlalchemy import create_engine
from typer.testing import CliRunner

from config.settings import Settings, get_settings
from services.database.engine import driver_url, engine
from tests.events import message, started
from tests.services.escalated import escalate
from worker.commands.mail_preview import preview

SMOKE = "There is smoke from the cabinet"


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(preview)
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_browser")
def test_every_mail_in_every_language_is_written_and_the_lack_of_a_browser_said(tmp_path: Path) -> None:
    code, output = run("--out", str(tmp_path / "mails"))
    assert code == 0
    assert "apt-get install chromium" in output
    assert len(list((tmp_path / "mails").glob("*.html"))) == 8 * 6
    assert "ΕΠΕΙΓΟΝ" in (tmp_path / "mails" / "ticket_opened-el.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_browser")
def test_a_real_ticket_is_shown_by_its_number(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    get_settings.cache_clear()
    engine.cache_clear()
    writer = create_engine(driver_url(database_url))
    with writer.begin() as connection:
        escalate(connection, [started("s"), message("s", SMOKE)])
        number = connection.exec_driver_sql("SELECT ticket_number FROM escalation.tickets").scalar_one()
    writer.dispose()
    code, _ = run("--out", str(tmp_path), "--template", "ticket_opened", "--language", "es", "--ticket", number)
    wrong, refusal = run("--out", str(tmp_path), "--ticket", "AB-20260101-9999")
    engine().dispose()
    engine.cache_clear()
    assert code == 0
    assert SMOKE in (tmp_path / "ticket_opened-es.txt").read_text(encoding="utf-8")
    assert number in (tmp_path / "ticket_opened-es.html").read_text(encoding="utf-8")
    assert wrong == 2
    assert "AB-20260101-9999 is no ticket of ours" in refusal


@pytest.mark.debian("chromium", "noto-fonts")
def test_pictures_are_taken_on_a_phone_and_a_desk_in_light_and_dark(tmp_path: Path) -> None:
    code, _ = run("--out", str(tmp_path), "--template", "ticket_opened", "--language", "ar")
    assert code == 0
    pictures = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
    assert set(pictures) == {f"ticket_opened-ar-{kind}.png" for kind in ("360", "360-dark", "640", "640-dark")}
    widths = {name: int.from_bytes(picture[16:20], "big") for name, picture in pictures.items()}
    assert [widths[name] for name in sorted(widths)] == [360, 360, 640, 640]
    assert len(set(pictures.values())) == 4
