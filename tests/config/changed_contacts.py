"""The contacts that ship, with some of their text replaced, for the tests of what is read and refused."""

from pathlib import Path

import pytest

from config.contacts import load_contacts
from config.errors import ConfigurationError

SHIPPED = Path(__file__).parents[2] / "config" / "contacts.toml"


class Changed:
    """The file that ships, with some of its text replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = SHIPPED.read_text(encoding="utf-8")

    def with_text(self, old: str, new: str) -> "Changed":
        return self.replaced(old, new, 1)

    def everywhere(self, old: str, new: str) -> "Changed":
        return self.replaced(old, new, self.text.count(old))

    def replaced(self, old: str, new: str, times: int) -> "Changed":
        assert old in self.text
        self.text = self.text.replace(old, new, times)
        self.path.write_text(self.text, encoding="utf-8")
        return self

    def error(self) -> str:
        with pytest.raises(ConfigurationError) as raised:
            load_contacts(self.path)
        return str(raised.value).replace(f"{self.path}, ", "")

    def line(self, text: str, occurrence: int = 1) -> int:
        """The line where a text stands for the n-th time."""
        return [number for number, line in enumerate(self.text.splitlines(), 1) if text in line][occurrence - 1]
