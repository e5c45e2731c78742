"""Tells whoever started the program that it works: systemd, and the health check of a container."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

WELL = "well"


class Report:
    """`file`: where to write the one line that worker/health.sh reads; None: nobody reads it."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.address = os.environ.get("NOTIFY_SOCKET", "")
        self.begun = False

    def write(self, state: str) -> None:
        """The state in words; WELL when nothing is wrong."""
        if self.file:
            self._write_line(self.file, state)
        if self.address:
            self._notify(state)

    def _write_line(self, file: Path, state: str) -> None:
        # Seconds since the machine's start, as /proc/uptime has them (clock_gettime(2), proc(5)).
        written = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        new = file.with_name(f"{file.name}.new")
        new.write_text(f"{os.getpid()} {written} {state}\n", encoding="utf-8")
        new.replace(file)

    def _notify(self, state: str) -> None:
        """By the protocol of sd_notify(3): a datagram to the socket that systemd names, @ for an abstract one."""
        lines = ["WATCHDOG=1", f"STATUS={state}", *([] if self.begun else ["READY=1"])]
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling, suppress(OSError):
            # What is not heard is said again in a few seconds.
            telling.sendto("\n".join(lines).encode(), address)
            self.begun = True
