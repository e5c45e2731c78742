"""Pages with their style and script inside, so that the first paint needs no second request."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from config.settings import TEMPLATES_FOLDER, Settings
from services.mail.design import style_page
from worker.desk.words import environment

_FORM_TOKEN = re.compile(r'(?:name="form" value="[^"]+"|href="(?:\.\./)?t/[^"]+")')


def _page_styles() -> str:
    """The mail's style sheet and the page's own, after the design's tokens."""
    return style_page("mail.css", "desk/desk.css")


@lru_cache(maxsize=1)
def _page_script() -> str:
    """What refreshes the page; without it the page works, and is as old as its loading."""
    return re.sub(r"\s*\n\s*", " ", (TEMPLATES_FOLDER / "desk" / "live.js").read_text(encoding="utf-8")).strip()


@lru_cache(maxsize=1)
def content_policy() -> str:
    """The Content-Security-Policy: this style, this script, this site, and nothing else."""
    style, script = (b64encode(sha256(text.encode()).digest()).decode() for text in (_page_styles(), _page_script()))
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def render_page(template: str, variables: Mapping[str, Any], settings: Settings) -> str:
    """Render one of the page's templates in the support team's language."""
    common = {"styles": Markup(_page_styles()), "script": Markup(_page_script()), "version": _VERSION}
    html = environment(settings.support_language).get_template(template).render({**common, **variables})
    return html.replace(_VERSION, _make_version(html), 1)


def prepare_pages(settings: Settings) -> None:
    """Compile the page's templates and its translations, which takes a second on a busy machine."""
    for template in sorted((TEMPLATES_FOLDER / "desk").glob("*.html")):
        environment(settings.support_language).get_template(f"desk/{template.name}")


# Stands in the page until its version is known, which depends on everything else in it.
_VERSION = "version-of-this-page"


def _make_version(html: str) -> str:
    """Name the content: equal for equal pages, whatever signatures their forms and links carry."""
    return sha256(_FORM_TOKEN.sub("", html).encode()).hexdigest()[:16]


def find_version(html: str) -> str | None:
    """The version that a page carries."""
    found = re.search(r'data-version="([0-9a-f]{16})"', html)
    return found[1] if found else None
