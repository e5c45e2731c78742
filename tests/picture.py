"""Draws the packages and their arrows into docs/architecture.md, from the imports themselves.

`python -m tests.picture` writes the picture anew; `tests/test_layers.py` finds one that is out of date.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.imports import ROOT, imports, modules

PAGE: Final = ROOT / "docs" / "architecture.md"
_BLOCK: Final = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
# Layers whose packages are drawn one by one; the others are one box each.
_OPENED: Final = ("services", "tasks")
_LAYERS: Final = ("worker", *_OPENED, "models", "config", "rules")
Arrow = tuple[str, str]


def draw() -> str:
    """Mermaid's words for it: from the top down, without the arrows that follow from others."""
    arrows = _without_detours(set(_arrows()))
    boxes = {box for arrow in arrows for box in arrow}
    lines = ["flowchart TD"]
    for layer in _OPENED:
        inside = " ".join(sorted(f"{box}[{box.partition('/')[2]}]" for box in boxes if box.startswith(f"{layer}/")))
        lines += [f"    subgraph {layer}", *(f"        {box}" for box in inside.split()), "    end"]
    lines += sorted(f"    {start} --> {end}" for start, end in arrows)
    return "\n".join(lines) + "\n"


def drawn() -> str:
    """The picture that stands on the page."""
    found = _BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found, f"{PAGE.name} has no picture: begin one with ```mermaid"
    return found[0]


def _arrows() -> Iterator[Arrow]:
    for layer in _LAYERS:
        for path in (path for path in modules(layer) if path.parent != ROOT / layer or path.stem != "__init__"):
            for name in imports(path):
                start, end = _box(path.relative_to(ROOT).with_suffix("").parts), _box(tuple(name.split(".")))
                if end.partition("/")[0] in _LAYERS and start != end:
                    yield start, end


def _box(parts: tuple[str, ...]) -> str:
    """`services/mail/jinja.py` lies in `services/mail`; the Celery tasks are one box, whichever their file."""
    layer = parts[0]
    if layer not in _OPENED:
        return layer
    if layer == "tasks" and not (ROOT / layer / parts[1]).is_dir():
        return "tasks/hints" if parts[1] in {"hints", "celery_config"} else "tasks/tasks"
    return f"{layer}/{parts[1]}"


def _without_detours(arrows: set[Arrow]) -> set[Arrow]:
    """Without those for which there is a longer way: what remains shows the order."""
    after: dict[str, set[str]] = {}
    for start, end in arrows:
        after.setdefault(start, set()).add(end)

    def reached(box: str, without: str) -> set[str]:
        waiting, found = [end for end in after.get(box, ()) if end != without], set[str]()
        while waiting:
            if (here := waiting.pop()) not in found:
                found.add(here)
                waiting += after.get(here, ())
        return found

    return {(start, end) for start, end in arrows if end not in reached(start, end)}


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: draw(), text), encoding="utf-8")
    print(f"{PAGE.relative_to(Path.cwd())}: drawn")
