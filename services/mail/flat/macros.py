"""A macro's body in the place of a call: constants and names for its arguments, its own names made unique."""

from collections.abc import Mapping, Sequence

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from services.mail.flat.syntax import (
    constant_of,
    copied,
    name_called,
    read_names,
    split_output,
    stands_in_output,
)

_CALLER = "caller"
_UNKNOWN = frozenset({"varargs", "kwargs"})


def expand_call(
    call: nodes.Call, macro: nodes.Macro, caller: Sequence[nodes.Node] | None, number: int
) -> list[nodes.Node] | None:
    """What the macro writes; None where that cannot stand in the place of the call.

    :param caller: what stands between `call` and `endcall`
    :param number: one that no other call has
    """
    given = _bind(call, macro)
    if given is None or not stands_in_output(macro, _CALLER):
        return None
    names = read_names(macro)
    if names & _UNKNOWN or (caller is not None) != (_CALLER in names):
        return None
    return _Instance(macro, given, caller or [], number).body


def _bind(call: nodes.Call, macro: nodes.Macro) -> dict[str, nodes.Expr] | None:
    """The arguments by name; None where they do not fit: Jinja says so when the mail is rendered."""
    names = [argument.name for argument in macro.args]
    if call.dyn_args or call.dyn_kwargs or len(call.args) > len(names):
        return None
    defaults = dict(zip(names[len(names) - len(macro.defaults) :], macro.defaults, strict=True))
    given = dict(zip(names, call.args, strict=False)) | {keyword.key: keyword.value for keyword in call.kwargs}
    bound = defaults | given
    return bound if set(bound) == set(names) else None


class _Instance(NodeTransformer):
    def __init__(
        self, macro: nodes.Macro, given: Mapping[str, nodes.Expr], caller: Sequence[nodes.Node], number: int
    ) -> None:
        self._caller = caller
        self._number = number
        # Worked out once, however often the macro asks for it.
        computed = {
            name: value for name, value in given.items() if not (constant_of(value) or isinstance(value, nodes.Name))
        }
        self._replaced = {name: value for name, value in given.items() if name not in computed}
        stored = {name.name for name in macro.find_all(nodes.Name) if name.ctx == "store"}
        self._renamed = stored | set(computed)
        whole = nodes.Template(copied(macro).body, lineno=macro.lineno)
        self.generic_visit(whole)
        self.body: list[nodes.Node] = whole.body
        if computed:
            targets: list[nodes.Expr] = [nodes.Name(self._unique(name), "param") for name in computed]
            self.body = [nodes.With(targets, list(computed.values()), self.body, lineno=macro.lineno)]

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        if node.name in self._renamed:
            return nodes.Name(self._unique(node.name), node.ctx, lineno=node.lineno)
        return copied(self._replaced[node.name]) if node.name in self._replaced else node

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        self.generic_visit(node)
        return split_output(node, self._take_caller)

    def visit_If(self, node: nodes.If) -> nodes.Node | list[nodes.Node]:
        """What is decided already is not asked for each mail."""
        self.generic_visit(node)
        known = constant_of(node.test)
        if known is None or node.elif_:
            return node
        return node.body if known.value else node.else_

    def _take_caller(self, expression: nodes.Expr) -> Sequence[nodes.Node] | None:
        return [copied(node) for node in self._caller] if name_called(expression) == _CALLER else None

    def _unique(self, name: str) -> str:
        return f"{name}_{self._number}"
