"""The page of the local mail server: a list, and each mail as HTML, text, headers and source."""

import re
from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from services.mail.design import style_page
from worker.embedded.mail.store import ENVELOPE, MailStore

_SHOWN = 200
_OUR_PAGES = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# A mail may style itself and show what it carries; it runs nothing, loads nothing and tells nobody that it was read.
# Its links open in a window of their own, as in a mail program.
_FOREIGN_HTML = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_NEW_WINDOW = '<base target="_blank">'
_AS_SAID = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_TICKET = re.compile(r"AB-\d+-\d+")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined
)
# A ticket's number stays on one line.
_TEMPLATES.filters["whole"] = lambda words: Markup(
    _TICKET.sub(r'<span class="number">\g<0></span>', str(escape(words)))
)


class _InboxPage:
    """Shows the mails of a folder."""

    def __init__(self, store: MailStore) -> None:
        self.store = store

    def list(self, request: Request) -> Response:
        numbers = self.store.numbers()
        mails = [(number, self.store.headers(number)) for number in numbers[:_SHOWN]]
        return _render_page("list.html", mails=mails, count=len(numbers), envelope=ENVELOPE)

    def mail(self, request: Request) -> Response:
        number, message = self.asked_for(request)
        text = message.get_body(("plain",))
        return _render_page(
            "mail.html",
            number=number,
            message=message,
            has_html=message.get_body(("html",)) is not None,
            text=text.get_content() if text else "",
            attachments=[part.get_filename() or part.get_content_type() for part in message.iter_attachments()],
        )

    def html(self, request: Request) -> Response:
        _, message = self.asked_for(request)
        part = message.get_body(("html",))
        if part is None:
            raise HTTPException(404, "this mail has no HTML part")
        # Behind the doctype, which has to stay first; a browser moves it into the head.
        doctype, mark, rest = part.get_content().partition("<head>")
        html = f"{doctype}{mark}{_NEW_WINDOW}{rest}" if mark else f"{_NEW_WINDOW}{doctype}"
        return HTMLResponse(html, headers={"Content-Security-Policy": _FOREIGN_HTML, **_AS_SAID})

    def raw(self, request: Request) -> Response:
        number, _ = self.asked_for(request)
        return PlainTextResponse(self.store.raw(number), headers=_AS_SAID)

    def asked_for(self, request: Request) -> tuple[int, EmailMessage]:
        number: int = request.path_params["number"]
        try:
            return number, self.store.message(number)
        except FileNotFoundError:
            raise HTTPException(404, f"there is no mail {number}") from None


def _render_page(template: str, **values: object) -> HTMLResponse:
    content = _TEMPLATES.get_template(template).render(values, tokens=Markup(style_page()))
    return HTMLResponse(content, headers={"Content-Security-Policy": _OUR_PAGES, **_AS_SAID})


def web_application(store: MailStore, lifespan: Lifespan[Starlette]) -> Starlette:
    """The page as an ASGI application; only asked by its loopback names, so no web site can reach it by a trick."""
    shown = _InboxPage(store)
    return Starlette(
        routes=[
            Route("/", shown.list),
            Route("/mails/{number:int}", shown.mail),
            Route("/mails/{number:int}/html", shown.html),
            Route("/mails/{number:int}/raw", shown.raw),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=lifespan,
    )
