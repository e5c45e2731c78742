"""The mail about a ticket as an application of its own would render it: our templates with plain Jinja2.

Done as well as Jinja2's own manual tells: one environment, each template compiled once, styles inlined beforehand, and
what a ticket's mail shows all prepared. Imports nothing of ours: the peers' interpreter runs it.
"""

import json
import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

CONTENT = "content.json"
PARTS = ("subject.txt", "body.txt", "body.html")
LONGEST_WHOLE = 18
ADDRESS_PART, MAY_BREAK = re.compile(r"[@.]\b"), r"\g<0><wbr>"


class TicketMail:
    """The templates and the ticket that `bench.peers.content` has written into a folder."""

    def __init__(self, folder: Path) -> None:
        self.content: dict[str, Any] = json.loads(
            (folder / CONTENT).read_text(encoding="utf-8"), object_hook=lambda found: SimpleNamespace(**found)
        ).__dict__
        environment = make_environment(folder, self.content["colours"])
        self.templates = [environment.get_template(f"ticket_opened/{part}") for part in PARTS]

    def render(self, number: str) -> tuple[str, str, str]:
        """Subject, text and HTML for the ticket of this number."""
        content = {**self.content, "number": number, "title": number}
        subject, text, html = (template.render(content) for template in self.templates)
        return subject, text, html


def make_environment(folder: Path, colours: object) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(language="en", direction="ltr", start="left", comma=", ", colours=colours)
    environment.filters.update(ltr=left_to_right, direction=direction, broken=broken)
    return environment


@pass_eval_context
def left_to_right(context: EvalContext, value: object) -> str:
    if not context.autoescape:
        return str(value)
    if len(str(value)) <= LONGEST_WHOLE:
        return Markup(f'<bdi class="whole" dir="ltr">{escape(value)}</bdi>')
    return Markup(f'<bdi dir="ltr">{ADDRESS_PART.sub(MAY_BREAK, str(escape(value)))}</bdi>')


def direction(text: str) -> str:
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return "ltr" if strong == "L" else "rtl"


def broken(text: str) -> Markup:
    return Markup(str(escape(text)).replace("\n", "<br>"))
