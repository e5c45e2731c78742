"""The thread that looks at the signs of life, and ends the program when a part of it has stopped working."""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable

import structlog

from config.settings import get_settings
from worker.liveness.program.report import WELL, Report
from worker.liveness.program.signs import SIGNS, Signs

logger = structlog.get_logger()

# worker/health.sh waits twice as long before it takes a program for frozen.
_SECONDS_BETWEEN_LOOKS = 5.0
# After such a pause in its own work, the whole program was frozen, or the machine was.
_FROZEN_SECONDS = 3 * _SECONDS_BETWEEN_LOOKS
# A part that was silent for this share of its time is worth a word.
_WORTH_A_WORD = 0.5
_LAST_WORDS_SECONDS = 10.0
# sysexits(3): an internal error of the program.
EX_SOFTWARE = 70


class _ProgramWatch:
    """`look` is called each time and says how the program is; `before_end` is called before it ends.

    `renewed` is called when the program has been frozen.
    """

    def __init__(
        self,
        signs: Signs,
        report: Report,
        look: Callable[[], str] = lambda: WELL,
        renewed: Callable[[], None] = lambda: None,
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.signs, self.report = signs, report
        self.look, self.renewed, self.before_end = look, renewed, before_end
        self.looked = time.monotonic()

    def run(self) -> None:
        while True:
            self.step()
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def step(self) -> None:
        """Look once."""
        now = time.monotonic()
        if now - self.looked > _FROZEN_SECONDS:
            self.signs.renew()
            self.renewed()
        self.looked = now
        state = self.look()
        if silent := self.signs.silent():
            self.end(silent)
        quiet = self.signs.silent(_WORTH_A_WORD)
        self.report.write(_in_words(quiet) if quiet else state)

    def end(self, silent: dict[str, float]) -> None:
        """Say what was silent and where each thread is, and end at once: an end in order might hang as well."""
        # The log may be what hangs.
        threading.Timer(_LAST_WORDS_SECONDS, os._exit, args=(EX_SOFTWARE,)).start()
        self.before_end()
        logger.critical("program_ends_itself", why=_in_words(silent))
        faulthandler.dump_traceback(file=sys.__stderr__ or 2, all_threads=True)
        os._exit(EX_SOFTWARE)


def _in_words(silent: dict[str, float]) -> str:
    return ", ".join(f"{part} silent for {seconds:.0f} s" for part, seconds in silent.items())


def start_watch(
    look: Callable[[], str] = lambda: WELL,
    renewed: Callable[[], None] = lambda: None,
    before_end: Callable[[], None] = lambda: None,
) -> None:
    """Watch until the process ends."""
    watch = _ProgramWatch(SIGNS, Report(get_settings().liveness_file), look, renewed, before_end)
    threading.Thread(target=watch.run, name="program-watch", daemon=True).start()
