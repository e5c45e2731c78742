"""What a mail says that is only to show that mail works."""

from services.mail.catalogues import translations
from services.mail.wording import TRIAL


def trial(language: str) -> dict[str, str]:
    """Subject and text in one of the languages."""
    return {name: translations(language).gettext(text) for name, text in TRIAL.items()}
