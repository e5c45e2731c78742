"""The layers as code: who may import whom. An import that points backwards fails here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = {"config", "rules", "models", "services", "tasks", "worker", "escalation_client"}
FIRST_PARTY = LAYERS | {"demo", "bench", "tests"}
MAY_IMPORT: dict[str, set[str]] = {
    "client/src/escalation_client": {"escalation_client"},
    "config": {"config", "rules"},
    "rules": {"rules", "escalation_client"},
    "models": {"models"},
    "services": {"services", "rules", "models", "config", "escalation_client"},
    "tasks": {"tasks", "services", "rules", "models", "config", "escalation_client"},
    "worker": FIRST_PARTY - {"tests"},
}
# Third parties where a layer is to stay clean of them; the standard library is always allowed.
ONLY: dict[str, set[str]] = {
    "client/src/escalation_client": {"redis", "celery"},
    "rules": set(),
    "models": {"sqlalchemy", "alembic"},
}
STANDARD = set(__import__("sys").stdlib_module_names)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def modules(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    backwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(layer)
        for name in imports(path)
        if (top := name.split(".")[0]) in FIRST_PARTY and top not in MAY_IMPORT[layer]
    ]
    assert modules(layer), f"{layer} has no modules: was it moved?"
    assert backwards == []


@pytest.mark.parametrize("layer", ONLY)
def test_a_clean_layer_needs_no_other_library(layer: str) -> None:
    foreign = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(layer)
        for name in imports(path)
        if name.split(".")[0] not in STANDARD | FIRST_PARTY | ONLY[layer]
    ]
    assert foreign == []


def test_rules_know_only_the_client_s_events() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("rules")
        for name in imports(path)
        if name.startswith("escalation_client") and not name.startswith("escalation_client.events")
    ]
    assert wrong == []


def test_rules_ask_no_clock_and_read_no_file() -> None:
    forbidden = {"open", "now", "utcnow", "today", "time_ns", "monotonic", "read_text", "getenv"}
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno} calls {name}"
        for path in modules("rules")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "attr", getattr(node.func, "id", ""))) in forbidden
    ]
    assert calls == []
