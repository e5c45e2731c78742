"""Sentences of the templates translated when they are loaded: each language has its own templates."""

import re
from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from typing import Final

from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from services.mail.flat.syntax import copied, name_called

_GETTEXT: Final = "_"
_FILL: Final = "fill"
_FILL_HTML: Final = "fill_html"
_PLACE: Final = re.compile(r"%\((\w+)\)s")


def fill(sentence: str, **values: object) -> str:
    """A translated sentence with its values."""
    return sentence % values


def fill_html(sentence: str, **values: object) -> Markup:
    """The same in HTML: the values are escaped."""
    return Markup(sentence % {name: escape(value) for name, value in values.items()})


def translate(tree: nodes.Template, words: NullTranslations, known: Mapping[str, str], *, html: bool) -> nodes.Template:
    """The tree with every sentence in the reader's language; what depends on a number stays to be asked for.

    :param known: what names stand for that no page gives
    """
    translated: nodes.Template = _Translation(words, known, html).visit(tree)
    return translated


class _Translation(NodeTransformer):
    def __init__(self, words: NullTranslations, known: Mapping[str, str], html: bool) -> None:
        self._words = words
        self._known = known
        self._html = html

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        """A sentence that is shown as it is becomes a row of constants and values."""
        node.nodes = [shown for expression in node.nodes for shown in self._shown(expression)]
        return node

    def visit_Name(self, node: nodes.Name) -> nodes.Expr:
        return nodes.Const(self._known[node.name]) if node.ctx == "load" and node.name in self._known else node

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:
        self.generic_visit(node)
        sentence = self._sentence(node)
        if sentence is None:
            return node
        if not node.kwargs:
            return self._constant(sentence % {})
        filling = nodes.Name(_FILL_HTML if self._html else _FILL, "load", lineno=node.lineno)
        return nodes.Call(filling, [nodes.Const(sentence)], node.kwargs, None, None, lineno=node.lineno)

    def _shown(self, expression: nodes.Expr) -> Iterator[nodes.Expr]:
        sentence = self._sentence(expression)
        if sentence is None or not isinstance(expression, nodes.Call):
            yield self.visit(expression)
            return
        values = {keyword.key: self.visit(keyword.value) for keyword in expression.kwargs}
        for place, part in enumerate(_PLACE.split(sentence)):
            if place % 2:
                yield copied(values[part])
            elif part:
                yield self._constant(part % ())

    def _sentence(self, expression: nodes.Expr) -> str | None:
        """The translation of what is no more than a constant sentence with values by name."""
        if not isinstance(expression, nodes.Call) or name_called(expression) != _GETTEXT:
            return None
        if expression.dyn_args or expression.dyn_kwargs or len(expression.args) != 1:
            return None
        (argument,) = expression.args
        return self._words.gettext(argument.value) if isinstance(argument, nodes.Const) else None

    def _constant(self, text: str) -> nodes.Expr:
        return nodes.MarkSafe(nodes.Const(text)) if self._html else nodes.Const(text)
