"""What the product's files import, read from their text."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def imports(path: Path) -> Iterator[str]:
    """What a file imports, anywhere in it, by its full name: `services.mail.jinja`, `pathlib.Path`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules(layer: str) -> list[Path]:
    """All Python files below a folder."""
    return sorted((ROOT / layer).rglob("*.py"))
