"""The layers as code: who may import whom. An import that points backwards fails here."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import picture
from tests.imports import ROOT, imports, modules

LAYERS = {"config", "rules", "models", "services", "tasks", "worker", "escalation_client"}
FIRST_PARTY = LAYERS | {"demo", "bench", "tests"}
MAY_IMPORT: dict[str, set[str]] = {
    "client/src/escalation_client": {"escalation_client"},
    "config": {"config", "rules", "escalation_client"},
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


# The packages of services/, from the bottom up: each may import those of the rows below it, none of its own row.
SERVICES: tuple[frozenset[str], ...] = (
    frozenset({"database", "installation", "transports"}),
    frozenset({"directory"}),
    frozenset({"conversation", "events"}),
    frozenset({"monitoring", "outbox", "history", "listening"}),
    frozenset({"delivery", "privacy", "tickets"}),
    frozenset({"schema", "ticket_details"}),
    frozenset({"escalation", "mail"}),
)
HEIGHT = {package: height for height, row in enumerate(SERVICES) for package in row}
PRODUCT = ("client/src", "config", "rules", "models", "services", "tasks", "worker")


def package_of(name: str) -> str:
    """`services.delivery.claim` lies in delivery."""
    return name.split(".")[1] if name.startswith("services.") else ""


def test_every_package_of_services_has_its_row() -> None:
    found = {path.name.removesuffix(".py") for path in (ROOT / "services").iterdir() if not path.name.startswith("__")}
    assert found == set(HEIGHT)


def test_a_package_of_services_imports_only_those_of_the_rows_below_it() -> None:
    backwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules("services")
        if (own := path.relative_to(ROOT / "services").parts[0].removesuffix(".py")) in HEIGHT
        for name in imports(path)
        if (other := package_of(name)) and other != own and HEIGHT[other] >= HEIGHT[own]
    ]
    assert backwards == []


def test_no_class_name_stands_twice_in_the_product() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for layer in PRODUCT:
        for path in modules(layer):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


# Whose module-level names are a face to be seen. Not: what the client offers to others, tables (`models`), and
# commands, which typer reads by their names.
FACES = ("config", "rules", "services", "tasks", "worker")
# Enumerations that say what stands in a column.
WORDS_OF_TABLES = {"SessionStatus", "TicketStatus"}
WITHOUT_A_FACE = ROOT / "worker" / "commands"
USERS = (*PRODUCT, "tests", "demo", "bench", "docs", "client")


def names_by_file() -> dict[Path, set[str]]:
    """What each file takes from others: imports, attributes, and what a text names, such as Celery's `module:name`."""
    paths = [path for folder in USERS for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md"}]
    found = {}
    for path in (*paths, ROOT / "flowerconfig.py"):
        content = path.read_text(encoding="utf-8")
        imported = re.findall(r"^ *from \S+ import (\([^)]*\)|.*)$", content, re.MULTILINE)
        found[path] = {*re.findall(r"[.:](\w+)", content), *re.findall(r"\w+", " ".join(imported))}
    return found


def module_level_names(path: Path) -> Iterator[str]:
    """Those that are assigned or defined there; what a decorator hands to somebody else has its use."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and not node.decorator_list):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_what_no_other_file_uses_begins_with_an_underscore() -> None:
    names = names_by_file()
    uses = Counter(name for used in names.values() for name in used)
    bare = [
        f"{path.relative_to(ROOT)}: {name}"
        for layer in FACES
        for path in modules(layer)
        if WITHOUT_A_FACE not in path.parents
        for name in module_level_names(path)
        if not name.startswith("_") and uses[name] == (name in names[path]) and name not in {"logger", *WORDS_OF_TABLES}
    ]
    assert bare == []


def test_the_picture_of_the_packages_is_the_one_that_their_imports_draw() -> None:
    assert picture.drawn() == picture.draw(), "draw it anew: python -m tests.picture"
