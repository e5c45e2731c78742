"""Processes whose wall clock, and no other clock, is off by as much as a file says; it may change while they run."""

import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")


class ShiftedClock:
    """Start processes with `environment`; compiling the library needs `cc`."""

    def __init__(self, folder: Path) -> None:
        self._offset, library = folder / "clock-offset", folder / "shifted_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_OFFSET_FILE": str(self._offset)}
        self.shift(0)

    def shift(self, seconds: int) -> None:
        """From now on their clocks are so many seconds ahead, or behind."""
        # Replaced as a whole, so that nobody reads half a number.
        whole = self._offset.with_suffix(".new")
        whole.write_text(str(seconds), encoding="ascii")
        whole.replace(self._offset)
