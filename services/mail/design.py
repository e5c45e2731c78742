"""The design tokens of `templates/design/tokens.css`, for mails (which know no custom properties) and for pages."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from config.settings import TEMPLATES_FOLDER

_TOKENS: Final = Path("design", "tokens.css")
_TOKEN: Final = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")
_USE: Final = re.compile(r"var\(--([a-z-]+)\)")
_DARK: Final = "@media (prefers-color-scheme: dark)"


@lru_cache(maxsize=1)
def load_tokens() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Load the colours by name, of the light and of the dark scheme."""
    light, dark = (dict(_TOKEN.findall(part)) for part in _read(_TOKENS).split(_DARK))
    return light, light | dark


def style_mail(sheet: str) -> str:
    """Write colours in the place of `var(--name)`: mail programs know no custom properties."""
    light, dark = load_tokens()
    before, mark, after = sheet.partition(_DARK)
    return _USE.sub(lambda use: light[use[1]], before) + mark + _USE.sub(lambda use: dark[use[1]], after)


@lru_cache(maxsize=8)
def style_page(*sheets: str) -> str:
    """Join the tokens and some of the style sheets in `templates/` to one sheet without comments and line breaks."""
    joined = "\n".join([_read(_TOKENS), *(_read(Path(sheet)) for sheet in sheets)])
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", joined, flags=re.DOTALL)).strip()


def _read(path: Path) -> str:
    return (TEMPLATES_FOLDER / path).read_text(encoding="utf-8")
