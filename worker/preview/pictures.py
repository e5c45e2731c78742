"""Letters written to files: HTML, text, and pictures where a browser is installed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from services.mail.mime import MailContent
from worker.preview.browser import Browser, browser

_WIDTHS: Final = (360, 640)


def write_letter(letter: MailContent, folder: Path, name: str) -> Path:
    """Write `name.html`, `name.txt` and what is attached; return the HTML's path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{name}.html"
    page.write_text(letter.html or "", encoding="utf-8")
    (folder / f"{name}.txt").write_text(f"{letter.subject}\n\n{letter.text}", encoding="utf-8")
    if letter.attachment:
        (folder / f"{name}.{letter.attachment.name}").write_text(letter.attachment.text, encoding="utf-8")
    return page


def take_pictures(pages: Iterable[Path]) -> list[Path]:
    """A picture of each page on a phone and on a desk, in light and dark, beside it.

    :raises FileNotFoundError: no browser is installed
    """
    with browser() as opened:
        return [picture for page in pages for picture in _pictures_of(opened, page)]


def _pictures_of(opened: Browser, page: Path) -> Iterator[Path]:
    for width in _WIDTHS:
        for dark in (False, True):
            opened.show(page, width=width, dark=dark)
            picture = page.with_name(f"{page.stem}-{width}{'-dark' if dark else ''}.png")
            picture.write_bytes(opened.picture())
            yield picture
