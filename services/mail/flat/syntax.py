"""Small things to do with Jinja's syntax trees."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_Node = TypeVar("_Node", bound=nodes.Node)
_Replace = Callable[[nodes.Expr], Sequence[nodes.Node] | None]


class StatementTransformer(NodeTransformer):
    """One that looks at statements alone: nine tenths of a tree are expressions."""

    def generic_visit(self, node: nodes.Node, *_args: Any, **_kwargs: Any) -> nodes.Node:
        for body in _statement_lists(node):
            found = (self.visit(statement) for statement in body)
            body[:] = [
                new for kept in found if kept is not None for new in (kept if isinstance(kept, list) else [kept])
            ]
        return node


def _statement_lists(node: nodes.Node) -> Iterator[list[nodes.Node]]:
    """The lists of statements that stand in it."""
    for name in node.fields:
        value = getattr(node, name)
        if isinstance(value, list) and value and isinstance(value[0], nodes.Stmt):
            yield value


def walk_statements(node: nodes.Node) -> Iterator[nodes.Node]:
    """All statements below it, without their expressions."""
    for statements in _statement_lists(node):
        for statement in statements:
            yield statement
            yield from walk_statements(statement)


def holds(tree: nodes.Node, *kinds: type[nodes.Stmt]) -> bool:
    """Whether there is a statement of one of these kinds below it."""
    return any(isinstance(statement, kinds) for statement in walk_statements(tree))


def copied(node: _Node) -> _Node:
    """The node and all below it, once more: Jinja's own are changed in place."""
    values = [_copied_value(getattr(node, name)) for name in node.fields]
    more = {name: getattr(node, name) for name in ("lineno", "environment")}
    return type(node)(*values, **more)


def _copied_value(value: Any) -> Any:
    if isinstance(value, nodes.Node):
        return copied(value)
    return [_copied_value(entry) for entry in value] if isinstance(value, list) else value


def name_template(expression: nodes.Expr) -> str | None:
    """The name that stands there; None when it is worked out for each mail."""
    return expression.value if isinstance(expression, nodes.Const) and isinstance(expression.value, str) else None


def name_called(expression: nodes.Expr) -> str | None:
    """What is called, where that is a plain name."""
    called = expression.node if isinstance(expression, nodes.Call) else None
    return called.name if isinstance(called, nodes.Name) else None


def constant_of(expression: nodes.Node) -> nodes.Const | None:
    """The constant itself, or the one within what is marked as safe."""
    if isinstance(expression, nodes.MarkSafe):
        expression = expression.expr
    return expression if isinstance(expression, nodes.Const) else None


def read_names(tree: nodes.Node) -> set[str]:
    """The names whose value is asked for anywhere in it."""
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}


def split_output(output: nodes.Output, replace: _Replace) -> list[nodes.Node]:
    """The output with statements in the place of some of its expressions; `replace` is None for those that stay."""
    parts: list[nodes.Node] = []
    for expression in output.nodes:
        found = replace(expression)
        parts += [nodes.Output([expression], lineno=output.lineno)] if found is None else found
    return parts


def stands_in_output(tree: nodes.Node, called: str) -> bool:
    """Whether every call of this name is an output of its own, and in no loop."""
    calls = _count_calls(tree, called)
    if not calls:
        return True
    outputs = (statement for statement in walk_statements(tree) if isinstance(statement, nodes.Output))
    shown = sum(name_called(expression) == called for output in outputs for expression in output.nodes)
    loops = (statement for statement in walk_statements(tree) if isinstance(statement, nodes.For))
    return calls == shown and not any(_count_calls(loop, called) for loop in loops)


def _count_calls(tree: nodes.Node, called: str) -> int:
    return sum(name_called(call) == called for call in tree.find_all(nodes.Call))


def merge_outputs(body: Iterable[nodes.Node]) -> list[nodes.Node]:
    """Outputs that follow each other as one, here and in all that is below: their constants become one text."""
    merged: list[nodes.Node] = []
    for node in body:
        for statements in _statement_lists(node):
            statements[:] = merge_outputs(statements)
        if isinstance(node, nodes.Output) and merged and isinstance(merged[-1], nodes.Output):
            merged[-1].nodes += node.nodes
        else:
            merged.append(node)
    return merged
