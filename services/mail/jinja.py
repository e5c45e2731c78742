"""Jinja for mails: nothing undefined passes, HTML is escaped and plain text is not."""

import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import cached_property, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

import css_inline
from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, Template, nodes, pass_eval_context
from jinja2.compiler import CodeGenerator, Frame, optimizeconst
from jinja2.filters import sync_do_join, sync_do_select
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from config.settings import TEMPLATES_FOLDER
from services.mail.design import load_tokens, style_mail
from services.mail.flat import Flattener, fill, fill_html, translate
from services.mail.i18n.locale import LANGUAGES, comma_of, load_formats, translations
from services.mail.sanitize import ISOLATE_END, RIGHT_TO_LEFT_LANGUAGES, direction

_TAG: Final = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HIDDEN: Final = re.compile(r"<!--(\{[%#].*?[%#]\})-->", re.DOTALL)
_DOCUMENT: Final = "<!doctype"
_STYLES: Final = "mail.css"


class InliningLoader(FileSystemLoader):
    """Loads templates from a folder; the HTML ones get their styles from its `mail.css`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.styles = style_mail((folder / _STYLES).read_text(encoding="utf-8"))
        self.inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The template's source with its styles inlined."""
        source, path, uptodate = super().get_source(environment, template)
        return self.inlined(source) if template.endswith(".html") else source, path, uptodate

    def inlined(self, source: str) -> str:
        hidden = _TAG.sub(lambda tag: f"<!--{tag.group()}-->", source)
        if _DOCUMENT in source:
            styled = self.inliner.inline(hidden.replace("</head>", f"<style>{self.styles}</style></head>"))
            # What is kept of the styles goes to the front; the encoding has to be said before it.
            styled = styled.replace("<head>", '<head><meta charset="utf-8">', 1)
        else:
            styled = self.inliner.inline_fragment(hidden, self.styles)
        return _HIDDEN.sub(r"\1", styled)


_LEFT_TO_RIGHT: Final = "\u2066"
_BREAKING: Final = '<bdi dir="ltr">'
_WHOLE: Final = '<bdi class="whole" dir="ltr">'
# Where an address may go on in the next line; whoever copies it gets nothing but the address.
_ADDRESS_PART: Final = re.compile(r"[@.]\b")
_MAY_BREAK: Final = r"\g<0><wbr>"
# The number of a ticket or telephone; what is longer might not fit beside a label on a phone.
_LONGEST_WHOLE: Final = 18


_UNSAFE: Final = re.compile("[&<>\"']")


def escaped(value: object) -> str:
    """What `escape` returns, in a third of the time for texts that it leaves as they are: most are so."""
    if type(value) is Markup or (type(value) is str and not _UNSAFE.search(value)):
        return value
    return escape(value)


# Filters whose result is HTML already, or has no sign that HTML has a meaning for.
_SAFE_FILTERS: Final = frozenset({"ltr", "broken", "direction"})


class _MailCode(CodeGenerator):
    """Has the templates escape by `escaped`, and ask for members without a call of Python's."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        self.writeline(f"from {__name__} import escaped")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not frame.eval_ctx.autoescape or frame.eval_ctx.volatile:
            super()._output_child_pre(node, frame, finalize)
        elif isinstance(node, nodes.Filter) and node.name in _SAFE_FILTERS:
            self.write("(")
        else:
            self.write("escaped(")

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        if not isinstance(node.node, nodes.Name):
            super().visit_Getattr(node, frame)
            return
        self.write("(member if (member := getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, missing)) is not missing else ")
        super().visit_Getattr(node, frame)
        self.write(")")


class _MailEnvironment(Environment):
    """The templates of one language, each made flat when it is loaded."""

    code_generator_class = _MailCode
    words: NullTranslations
    known: Mapping[str, str]

    @cached_property
    def _flattener(self) -> Flattener:
        return Flattener(self._parse_named)

    @cached_property
    def _made(self) -> dict[str, Template]:
        return {}

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        """Jinja's own cache takes a lock and makes a weak reference each time."""
        if name not in self._made:
            self._made[name] = super()._load_template(name, globals)
        return self._made[name]

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Share the environment's globals as they are: asking Jinja's ChainMap takes a fifth of a mail's time."""
        return super().make_globals(d) if d else self.globals

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's own, which raises and catches an exception for each member of a dict."""
        if type(obj) is dict and attribute in obj and not hasattr(dict, attribute):
            return obj[attribute]
        return super().getattr(obj, attribute)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = self._translated(super()._parse(source, name, filename), name)
        return self._flattener.flatten(name, tree) if name else tree

    def _parse_named(self, name: str) -> nodes.Template:
        assert self.loader is not None
        source, filename, _ = self.loader.get_source(self, name)
        return self._translated(super()._parse(source, name, filename), name)

    def _translated(self, tree: nodes.Template, name: str | None) -> nodes.Template:
        return translate(tree, self.words, self.known, html=bool(name and name.endswith(".html")))


@lru_cache(maxsize=1)
def _loader() -> InliningLoader:
    return InliningLoader(TEMPLATES_FOLDER)


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """The environment of one language in this process."""
    return make_environment(language, _loader(), translations(language))


def make_environment(language: str, loader: BaseLoader, words: NullTranslations) -> Environment:
    """An environment with all that the parts of a mail need."""
    made = _MailEnvironment(
        loader=loader,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.words = words
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    right_to_left = language in RIGHT_TO_LEFT_LANGUAGES
    made.globals.update(language=language, direction="rtl" if right_to_left else "ltr")
    made.known = {"start": "right" if right_to_left else "left", "comma": comma_of(language)}
    made.globals.update(colours=load_tokens()[0], fill=fill, fill_html=fill_html)
    # Jinja's own wrap these, in case a template is asynchronous.
    made.filters.update(join=sync_do_join, select=sync_do_select)
    made.filters.update(ltr=_isolating(right_to_left), direction=direction, broken=_break_words)
    return made


def _isolating(right_to_left: bool) -> Callable[[EvalContext, object], str]:
    """A filter for numbers, phones and addresses: they keep their order in a right-to-left text (UAX #9, isolates)."""

    @pass_eval_context
    def left_to_right(context: EvalContext, value: object) -> str:
        if context.autoescape:
            return _isolate_in_html(value)
        return f"{_LEFT_TO_RIGHT}{value}{ISOLATE_END}" if right_to_left else str(value)

    return left_to_right


# The same few numbers and addresses stand in most mails.
@lru_cache(maxsize=256, typed=True)
def _isolate_in_html(value: object) -> Markup:
    # Markup.format would do the same in five times the time.
    if len(str(value)) <= _LONGEST_WHOLE:
        return Markup(f"{_WHOLE}{escaped(value)}</bdi>")
    return Markup(f"{_BREAKING}{_ADDRESS_PART.sub(_MAY_BREAK, str(escaped(value)))}</bdi>")


def _break_words(text: str) -> Markup:
    """Escaped text whose lines stay lines in HTML, also where style sheets are ignored."""
    return Markup(str(escape(text)).replace("\n", "<br>"))


def prepare(language: str) -> None:
    """Compile all templates and load the language's formats now, so that the first mail does not wait for it."""
    load_formats(language)
    made = environment(language)
    for name in made.list_templates(filter_func=_is_mail):
        made.get_template(name)


def _is_mail(name: str) -> bool:
    return not name.startswith(("desk/", "parts/")) and name.endswith((".html", ".txt"))
