"""`python -m bench.peers.content FOLDER`: what a peer renders so that its mail says what ours says.

Runs in the environment of a round whose stream holds one event that opens a ticket.
"""

import json
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bench.peers.rendering import CONTENT
from config.settings import TEMPLATES_FOLDER, Settings, get_settings
from services.database.engine import begin
from services.events.stream import redis_client
from services.installation import get_installation
from services.mail.compose import LoadedMail, load_for_composing
from services.mail.context.ticket import ticket_variables
from services.mail.design import load_tokens
from services.mail.i18n.locale import LocaleFormatter
from services.mail.i18n.presenter import Presenter
from services.mail.jinja import InliningLoader
from tasks.evaluation.drain import drain


def main(folder: Path) -> None:
    drain(redis_client(), get_installation())
    with begin() as connection:
        mail_id = connection.execute(text("SELECT mail_id FROM escalation.mails")).scalar_one()
        write_content(folder, load_for_composing(connection, [mail_id])[mail_id], get_settings())


def write_content(folder: Path, mail: LoadedMail, settings: Settings) -> None:
    """The mail's templates, their styles inlined, and all that they show, as JSON."""
    loader = InliningLoader(TEMPLATES_FOLDER)
    for path in TEMPLATES_FOLDER.rglob("*"):
        name = path.relative_to(TEMPLATES_FOLDER)
        if path.suffix in {".html", ".txt"} and name.parts[0] != "desk":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            source = path.read_text(encoding="utf-8")
            (folder / name).write_text(loader.inlined(source) if path.suffix == ".html" else source, encoding="utf-8")
    assert mail.details is not None
    presenter = Presenter(LocaleFormatter(settings.support_language, ZoneInfo(settings.support_time_zone)))
    shown = ticket_variables(mail.row, mail.details, presenter, settings, None)
    content = plain({**shown, "colours": load_tokens()[0]})
    (folder / CONTENT).write_text(json.dumps(content), encoding="utf-8")


def plain(value: Any) -> Any:
    """Dictionaries for our classes, with what their properties say."""
    if is_dataclass(value):
        properties = [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        names = [*(field.name for field in fields(value)), *properties]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
