"""`python -m worker notify`: push messages to the contacts who have channels for them."""

from typing import Annotated

import typer

from config.contacts import load_contacts
from config.settings import get_settings
from rules.contacts import Contact
from rules.delivery import ReplyKind
from rules.push import list_channels
from services.mail.i18n.labels import make_test_push_content
from services.transports.push import send_push
from worker.commands.terminal import Output, harmless

app = typer.Typer(no_args_is_help=True, help="Wake a contact by push message, as a test.")
console = Output(soft_wrap=True, highlight=False)


@app.callback()
def root() -> None:
    """Wake a contact by push message, as a test."""


@app.command("test")
def send_test_push(
    contact: Annotated[str, typer.Option(help="The contact's key, name or mail address in CONTACTS_FILE.")],
) -> None:
    """Send a test message by each of a contact's channels now; exit code 1 when one of them did not take it."""
    settings = get_settings()
    found = _find_contact(load_contacts(settings.contacts_file).contacts, contact)
    words = make_test_push_content(settings.support_language)
    refused = 0
    for name, url in list_channels(found):
        reply, reply_class = send_push(url, words["subject"], words["text"])
        taken = reply_class.kind is ReplyKind.ACCEPTED
        console.print(harmless(f"{name}: {'taken' if taken else reply.text}"), markup=False)
        refused += not taken
    if refused:
        raise typer.Exit(1)


def _find_contact(contacts: tuple[Contact, ...], wanted: str) -> Contact:
    names = [{contact.key, contact.name.casefold(), contact.email.casefold()} for contact in contacts]
    found = next((contact for contact, own in zip(contacts, names, strict=True) if wanted.casefold() in own), None)
    if found is None:
        known = ", ".join(contact.key for contact in contacts)
        raise typer.BadParameter(f"--contact {wanted!r} is no contact: it should be one of {known}")
    if not found.notify:
        raise typer.BadParameter(f"contact {found.key} has no channel: give it notify = [...] in CONTACTS_FILE")
    return found
