"""`python -m worker mail preview`: the mails as their readers see them, without sending one."""

from pathlib import Path
from typing import Annotated

import typer

from config.mail_settings import MailSettings
from config.settings import Settings, get_settings
from rules.delivery import MailTemplate
from services.database.engine import begin
from services.mail.render import letter_of
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.queries import find_ticket_id
from services.tickets.signed_links import link
from worker.commands.arguments import Language, not_empty
from worker.commands.terminal import Output
from worker.preview.browser import INSTALL, find_browser
from worker.preview.example import EXAMPLE_PAGE, example_story
from worker.preview.mail_rows import mail_of
from worker.preview.pictures import take_pictures, write_letter

console = Output()


def preview(
    out: Annotated[Path, typer.Option(file_okay=False, help="The folder to write to.")],
    template: Annotated[MailTemplate | None, typer.Option(help="One mail; else all of them.")] = None,
    language: Annotated[Language | None, typer.Option(help="One language; else all of them.")] = None,
    ticket: Annotated[
        str | None, typer.Option(callback=not_empty, help="A ticket's number (AB-20261124-0001); else an example.")
    ] = None,
) -> None:
    """Write mails as HTML, text and, with Chromium, as pictures (360 and 640 pixels wide, light and dark)."""
    real = ticket_story(ticket) if ticket else None
    settings = get_settings() if ticket else MailSettings()  # type: ignore[call-arg]
    names, codes = [template] if template else list(MailTemplate), [language] if language else list(Language)
    try:
        pages = [written(name, code, real or example_story(code), settings, out) for code in codes for name in names]
    except OSError as error:
        raise typer.BadParameter(f"--out {out}: should be a folder that can be written to: {error}") from None
    if find_browser() is None:
        console.print(f"No pictures, since Chromium or Playwright, which drives it, is not installed: {INSTALL}")
    else:
        take_pictures(pages)
    console.print(f"Mails written to {out}: {len(pages)}")


def written(
    template: MailTemplate, language: Language, details: TicketDetails, settings: MailSettings, out: Path
) -> Path:
    """One mail; return its HTML."""
    mail = mail_of(template, details, language)
    page = link(details.ticket.ticket_id, settings) if isinstance(settings, Settings) else EXAMPLE_PAGE
    told = settings.model_copy(update={"support_language": language})
    letter = letter_of(mail, None if template == "test" else details, told, page)
    return write_letter(letter, out, f"{template}-{language}")


def ticket_story(number: str) -> TicketDetails:
    """The story of a ticket in the database; ends the command where there is none."""
    with begin() as connection:
        row = find_ticket_id(connection, number)
        details_by_ticket = load_ticket_details(connection, [row] if row else [])
    if row not in details_by_ticket:
        raise typer.BadParameter(f"{number} is no ticket of ours: see python -m worker tickets list")
    return details_by_ticket[row]
