"""Puts what a template includes and calls in its place; whatever cannot be put together stays as it is.

A traceback's lines are those of the files that the parts came from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from jinja2 import nodes

from services.mail.flat.macros import expand_call
from services.mail.flat.syntax import (
    StatementTransformer,
    copied,
    holds,
    merge_outputs,
    name_called,
    name_template,
    read_names,
    split_output,
    walk_statements,
)

_SCOPED = (nodes.Assign, nodes.AssignBlock, nodes.Import, nodes.FromImport, nodes.Macro)


@dataclass(slots=True)
class _Macro:
    """A macro of the file `source`, and all that are known there."""

    node: nodes.Macro
    source: str
    scope: dict[str, "_Macro"]
    is_flat: bool = False
    stands_alone: bool = False


@dataclass(slots=True)
class Flattener:
    """For the templates of one environment.

    :param parse: the tree of a template by its name, made anew each time
    """

    parse: Callable[[str], nodes.Template]
    _scopes: dict[str, dict[str, _Macro]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)
    _included: dict[str, nodes.Template] = field(default_factory=dict)

    def flatten(self, name: str, tree: nodes.Template) -> nodes.Template:
        """The template with all that it includes and calls; what it extends stays a template of its own."""
        _Expansion(self, name, self.find_macros(name), ()).visit(tree)
        _drop_unused_imports(tree)
        tree.body = merge_outputs(tree.body)
        return tree

    def find_macros(self, name: str) -> dict[str, _Macro]:
        """The macros that a template defines or imports at its top, by the name that they have there."""
        if name not in self._scopes:
            found = self._scopes[name] = {}
            for node in self.parse(name).body:
                if isinstance(node, nodes.Macro):
                    found[node.name] = _Macro(node, name, found)
                elif isinstance(node, nodes.FromImport):
                    found.update(self._imported(name, node))
        return self._scopes[name]

    def _imported(self, name: str, node: nodes.FromImport) -> Iterator[tuple[str, _Macro]]:
        source = name_template(node.template)
        if source is None or node.with_context or not _are_alike(name, source):
            return
        known = self.find_macros(source)
        for entry in node.names:
            original, local = entry if isinstance(entry, tuple) else (entry, entry)
            if original in known:
                yield local, known[original]

    def flatten_macro(self, macro: _Macro) -> bool:
        """Whether the macro needs none of its file's other macros, once those are in it."""
        if not macro.is_flat:
            macro.is_flat = True
            _Expansion(self, macro.source, macro.scope, ()).visit(macro.node)
            macro.stands_alone = not read_names(macro.node) & set(macro.scope)
        return macro.stands_alone

    def include(self, name: str, within: tuple[str, ...]) -> nodes.Template:
        """The tree of what is included, with all that it includes itself."""
        if name not in self._included:
            tree = self._included[name] = self.parse(name)
            if not holds(tree, nodes.Extends, nodes.Block):
                _Expansion(self, name, self.find_macros(name), (*within, name)).visit(tree)
                _drop_unused_imports(tree)
        return copied(self._included[name])

    def next_number(self) -> int:
        return next(self._numbers)


def _are_alike(name: str, other: str) -> bool:
    """Whether both escape what they show, or neither does."""
    return name.endswith(".html") == other.endswith(".html")


class _Expansion(StatementTransformer):
    """Puts in what is included and called."""

    def __init__(self, flattener: Flattener, name: str, macros: dict[str, _Macro], within: tuple[str, ...]) -> None:
        self._flattener = flattener
        self._name = name
        self._macros = macros
        self._within = within

    def visit_Include(self, node: nodes.Include) -> nodes.Node | list[nodes.Node]:
        name = name_template(node.template)
        if name is None or node.ignore_missing or not node.with_context or not _are_alike(self._name, name):
            return node
        if name in self._within:
            return node
        tree = self._flattener.include(name, self._within)
        if holds(tree, nodes.Extends, nodes.Block):
            return node
        return nodes.Scope(tree.body, lineno=node.lineno) if holds(tree, *_SCOPED) else tree.body

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        return split_output(node, lambda shown: self._expand(shown, None))

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node | list[nodes.Node]:
        self.generic_visit(node)
        if node.args or node.defaults:
            return node
        return self._expand(node.call, node.body) or node

    def _expand(self, call: nodes.Expr, caller: list[nodes.Node] | None) -> list[nodes.Node] | None:
        macro = self._macros.get(name_called(call) or "")
        if macro is None or not isinstance(call, nodes.Call) or not self._flattener.flatten_macro(macro):
            return None
        return expand_call(call, macro.node, caller, self._flattener.next_number())


def _drop_unused_imports(tree: nodes.Template) -> None:
    imports = [node for node in walk_statements(tree) if isinstance(node, nodes.FromImport)]
    if not imports:
        return
    read = read_names(tree)
    for node in imports:
        node.names[:] = [entry for entry in node.names if (entry if isinstance(entry, str) else entry[1]) in read]
    _EmptyImportsDropped().visit(tree)


class _EmptyImportsDropped(StatementTransformer):
    def visit_FromImport(self, node: nodes.FromImport) -> nodes.Node | list[nodes.Node]:
        return node if node.names else []
