"""Whom we trust: the system's authorities, and a private one where a setting names it. Nothing goes unverified."""

import ssl
from pathlib import Path

from config.errors import ConfigurationError


def tls_context(authority: Path | None, setting: str) -> ssl.SSLContext:
    """A client's context.

    :raises ConfigurationError: the file of the authority, which `setting` names, cannot be read
    """
    context = ssl.create_default_context()
    if authority:
        try:
            context.load_verify_locations(authority)
        except OSError as error:
            raise ConfigurationError(f"{setting}: cannot read certificates from {authority}: {error}") from error
    return context
