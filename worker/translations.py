"""`python -m worker.translations` brings the catalogues up to date with the texts of templates and code."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from config.settings import TEMPLATES_FOLDER
from services import mail
from services.mail.i18n import labels
from services.mail.i18n.locale import LANGUAGES, SOURCE_LANGUAGE, catalog_path, locale_of

_CODE: Final = Path(mail.__file__).parent
_IN_TEMPLATES: Final = ("_", "gettext", "ngettext")
_IN_CODE: Final = ("say", "count")
_WITH_PLURAL: Final = {"ngettext", "count"}

_Message = str | tuple[str, str]


def messages() -> set[_Message]:
    """Every text that is translated; a pair is singular and plural."""
    named = {text for known in labels.ALL for text in known.values()}
    return named | set(_in_templates()) | set(_in_code())


def _in_templates() -> Iterator[_Message]:
    for path in sorted([*TEMPLATES_FOLDER.rglob("*.html"), *TEMPLATES_FOLDER.rglob("*.txt")]):
        if "desk" not in path.parts:
            yield from _found(babel_extract(io.BytesIO(path.read_bytes()), _IN_TEMPLATES, (), {}))


def _in_code() -> Iterator[_Message]:
    for path in sorted(_CODE.rglob("*.py")):
        yield from _found(extract_python(io.BytesIO(path.read_bytes()), dict.fromkeys(_IN_CODE), (), {}))


def _found(extracted: Iterable[tuple[Any, ...]]) -> Iterator[_Message]:
    """The texts among the arguments of calls; what is no text there comes from `labels` or is data."""
    for _, function, arguments, *_ in extracted:
        texts = [text for text in (arguments if isinstance(arguments, tuple) else (arguments,)) if text]
        if texts:
            yield (texts[0], texts[1]) if function in _WITH_PLURAL else texts[0]


def updated(language: str) -> Catalog:
    """The language's catalogue with every text of today: new ones are empty, those of yesterday are gone."""
    path = catalog_path(language)
    known = Catalog()
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=locale_of(language))
    catalogue = Catalog(
        locale=locale_of(language), header_comment=f"# The mails in {locale_of(language).english_name}.", fuzzy=False,
        project="escalation-worker", version="1", msgid_bugs_address="-", last_translator="-", language_team="-",
        creation_date=known.creation_date, revision_date=known.creation_date,
    )  # fmt: skip
    for message in sorted(messages(), key=str):
        translated = known.get(message if isinstance(message, str) else message[0])
        catalogue.add(message, translated.string if translated else "")
    return catalogue


def _main() -> None:
    """Write all catalogues and say how many texts wait for a translation."""
    for language in LANGUAGES:
        if language != SOURCE_LANGUAGE:
            catalogue = updated(language)
            path = catalog_path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, catalogue, width=0)
            empty = sum(_is_empty(message) for message in catalogue if message.id)
            print(f"{language}: {empty} of {len(catalogue)} to translate")


def _is_empty(message: BabelMessage) -> bool:
    return not (all(message.string or [""]) if isinstance(message.string, tuple | list) else message.string)


if __name__ == "__main__":
    _main()
