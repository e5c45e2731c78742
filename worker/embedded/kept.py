"""Ports and passwords of the last start: kept, so that bookmarks and links in mails go on working after a restart."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from worker.embedded.paths import write_atomically
from worker.embedded.ports import is_free

_FILE = "kept.json"


class KeptChoices:
    """What was chosen in a folder before, and what is chosen now; `first` are the ports of the first start."""

    def __init__(self, folder: Path, first: Mapping[str, int]) -> None:
        self._file = folder / _FILE
        self._before: dict[str, int | str] = {f"{name}_port": port for name, port in first.items()}
        self._before |= _read(self._file)
        self._now: dict[str, int | str] = {}

    def port(self, name: str, wanted: int | None) -> int | None:
        """The port that a person wants, else the last one unless somebody else has it; None: any."""
        before = self._before.get(f"{name}_port")
        return wanted or (before if isinstance(before, int) and is_free(before) else None)

    def password(self, name: str) -> str:
        """The last password, or a new one."""
        before = self._before.get(f"{name}_password")
        kept = before if isinstance(before, str) else secrets.token_urlsafe(24)
        self._now[f"{name}_password"] = kept
        return kept

    def write(self, **ports: int) -> None:
        """Keep the passwords and these ports for the next start."""
        self._now |= {f"{name}_port": number for name, number in ports.items()}
        write_atomically(self._file, json.dumps(self._before | self._now, indent=2) + "\n")


def _read(file: Path) -> dict[str, int | str]:
    """Nothing where nothing was kept, or where somebody has broken the file: then all is chosen anew."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
