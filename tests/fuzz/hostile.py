"""Words that would like to be more than words, and a story in which everybody says them everywhere."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from services.directory.machines import MaintenanceEntry
from services.ticket_details import RelatedTicket, TicketDetails
from worker.preview.example import at, example_story

Kind = TypeVar("Kind")

# Without digits, which could make a telephone number of them, and without the ends of lines.
HOSTILE: Final[Mapping[str, str]] = {
    "script": "<script>window.ran.push('script')</script>",
    "closing script": "</script></style></title></textarea></pre><script>ran.push('closed')</script>",
    "handlers": "<img src=x onerror=\"ran.push('error')\"><svg onload=ran.push('load')><body onpageshow=ran.push('b')>",
    "attribute": "\"' onmouseover=ran.push('over') style='position:fixed' autofocus onfocus=ran.push('focus') x=\"",
    "closing tags": "</td></tr></tbody></table></p></div></body></html><h1>escaped</h1>",
    "comment": "<!-- --><![endif]--><!--[if mso]><p>escaped</p><![endif]--> -->",
    "css": "</style><style>*{display:none}</style>;} body{background:url(javascript:ran.push('css'))} @import 'x';",
    "javascript url": "javascript:ran.push('url')//<a href=\"javascript:ran.push('link')\">x</a>",
    "data url": "<iframe srcdoc=\"<script>top.ran.push('frame')</script>\"></iframe><object data='data:text/html,x'>",
    "template": "{{ config }} {% for x in range(9) %}{{ x }}{% endfor %} {# no #} ${x} %(number)s %s {number} <%= x %>",
    "entities": "&lt;b&gt; &amp;amp; &quot; &#lt;script&#gt; & &nosuch; &lt",
    "directions": "\u202eexe.gnp\u202c \u2066\u2067\u200f\u061c عربي \u202d",
    "controls": "bell \x07 escape \x1b[31m nul-less \x0b\x0c\x85 \ufffe",
    "markup": "[red]x[/red] [/] **bold** `code` | table | <https://example.invalid>",
    "long word": "w" * 400,
    "long markup": "<b>" * 60,
    "base": "<base href='https://example.invalid/'><meta http-equiv=refresh content='x'><link rel=stylesheet href=x>",
    "form": "<form action='https://example.invalid'><input name=password><button>press</button></form>",
    "quotes": "\"\"\"'''``“”‘’«» \\\" \\' \\x\\u",
}  # fmt: skip
HARMLESS: Final = "harmless words"
# Set by the rules or by this program alone.
OURS: Final = frozenset({"hurt", "unknown", "why_parts", "ticket_id", "template", "state"})


def full_story(language: str = "en") -> TicketDetails:
    """The example with everything that may be there: notes, other tickets, answers, maintenance."""
    details = example_story(language)
    other = RelatedTicket(
        ticket_id="t", number="AB-20261101-0001", priority="low", status="open", reason="user_request", opened_at=at(0)
    )
    assert details.machine is not None
    work = tuple(MaintenanceEntry(at(place), "repair", "Seal renewed") for place in range(4))
    machine = dataclasses.replace(details.machine, notes="none", maintenance=work)
    acknowledged = dataclasses.replace(
        details.ticket, acknowledged_by="Maria", acknowledged_at=at(20), resolution_notes="Fuse replaced"
    )
    return dataclasses.replace(
        details, ticket=acknowledged, machine=machine,
        earlier_tickets=(other,), machine_tickets=(other,), user_tickets=(other,),
    )  # fmt: skip


def spoilt(value: Kind, words: str) -> Kind:
    """The same with these words wherever there is any text that comes from outside."""
    return _spoilt(value, words)  # type: ignore[no-any-return]


def _spoilt(value: Any, words: str) -> Any:
    if isinstance(value, str):
        return words
    if isinstance(value, tuple):
        return tuple(_spoilt(item, words) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            each.name: _spoilt(getattr(value, each.name), words)
            for each in dataclasses.fields(value)
            if each.name not in OURS and each.init
        }
        return dataclasses.replace(value, **changed)
    return value
