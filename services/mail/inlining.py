"""Styles moved into the elements once, when a template is loaded: mail programs drop style sheets.

A template's own tags are hidden from the HTML parser as comments, which may stand anywhere, also between table rows.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import css_inline
from jinja2 import Environment, FileSystemLoader

TAG: Final = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
HIDDEN: Final = re.compile(r"<!--(\{[%#].*?[%#]\})-->", re.DOTALL)
DOCUMENT: Final = "<!doctype"
STYLES: Final = "mail.css"


class InliningLoader(FileSystemLoader):
    """Loads templates from a folder; the HTML ones get their styles from its `mail.css`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.styles = (folder / STYLES).read_text(encoding="utf-8")
        self.inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The template's source with its styles inlined."""
        source, path, uptodate = super().get_source(environment, template)
        return self.inlined(source) if template.endswith(".html") else source, path, uptodate

    def inlined(self, source: str) -> str:
        hidden = TAG.sub(lambda tag: f"<!--{tag.group()}-->", source)
        if DOCUMENT in source:
            styled = self.inliner.inline(hidden.replace("</head>", f"<style>{self.styles}</style></head>"))
            # What is kept of the styles goes to the front; the encoding has to be said before it.
            styled = styled.replace("<head>", '<head><meta charset="utf-8">', 1)
        else:
            styled = self.inliner.inline_fragment(hidden, self.styles)
        return HIDDEN.sub(r"\1", styled)
