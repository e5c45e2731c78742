"""Runs commands of ours and of Celery one after the other, in one process, as each line of its input says."""

import io
import json
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout

from celery.bin.celery import celery

from worker.__main__ import main


def run(line: str) -> str:
    """All that it prints; an error that it did not foresee is raised."""
    program, *arguments = shlex.split(line)
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            if program == "celery":
                celery(["-A", "worker", *arguments])
            sys.argv = [program, *arguments]
            main()
        except SystemExit:
            pass
    return printed.getvalue()


if __name__ == "__main__":
    for command in sys.stdin.read().splitlines():
        print(json.dumps([command, run(command)]))
