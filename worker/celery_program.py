"""`celery -A worker worker` and `… beat` without what only others use; Celery's own command line goes on as this.

Celery imports Flower, a shell and all its commands before it looks which one is asked for, and libraries import what
happens to be installed beside them: 24 MB in each worker and beat that neither ever uses.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser

import click

_MODULE = "worker.celery_program"
_PROGRAMS = {"worker", "beat"}
# Imported where they are installed, for coloured tracebacks, other kinds of concurrency and messages that are not JSON.
_UNUSED = ("greenlet", "pygments", "rich", "tornado", "yaml")
_QUEUES_WITHOUT_TEXTS = {"mail", "urgent"}


def go_on_lean() -> None:
    """Replace a process of Celery's command line that is about to be a worker or beat; return in any other."""
    context = click.get_current_context(silent=True)
    if context is None or context.invoked_subcommand not in _PROGRAMS:
        return
    _, arguments, _ = context.command.make_parser(context).parse_args(sys.argv[1:])
    if {"-D", "--detach"} & set(arguments):
        # Celery starts itself once more without this option.
        return
    # By now Celery has changed the folder and put all but these into the environment, whose names are its own.
    names = {"no_color": "NO_COLOR", "quiet": "CELERY_QUIET"}
    os.environ.update({name: "1" for option, name in names.items() if context.params[option]})
    # Else glibc gives each thread a heap of its own (mallopt(3), M_ARENA_MAX), while Python lets one run at a time.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    interpreter = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
    os.execv(sys.executable, [*interpreter, "-m", _MODULE, *arguments])


def _main(arguments: list[str]) -> None:
    # With this Celery starts a program anew that is told to by SIGHUP.
    sys.argv = ["-m", _MODULE, *arguments]
    # Python's own word for a module that is not there (Python Language Reference, "The module cache").
    sys.modules.update(dict.fromkeys(_UNUSED))  # type: ignore[arg-type]
    from worker import check_settings, load_word_lists

    check_settings()
    if _reads_texts(arguments):
        # Before all else: reading them takes 30 MB for a moment, into which the other modules fit.
        load_word_lists()
    from celery.bin.base import CLIContext
    from celery.bin.beat import beat
    from celery.bin.worker import worker

    from worker import app

    no_color, quiet = (bool(os.environ.get(name)) for name in ("NO_COLOR", "CELERY_QUIET"))
    context = CLIContext(app=app, no_color=no_color, workdir=None, quiet=quiet)
    programs = click.Group(commands=[worker, beat])
    programs(arguments, obj=context, prog_name="celery -A worker", auto_envvar_prefix="CELERY")


def _reads_texts(arguments: list[str]) -> bool:
    """Whether this is a worker that examines what people write; a sweep does so too, and without -Q it has all queues.

    Celery's own parser would bring what is to be imported later.
    """
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("-Q", "--queues", default="")
    queues = set(options.parse_known_args(arguments)[0].queues.split(","))
    return arguments[0] == "worker" and not queues <= _QUEUES_WITHOUT_TEXTS


if __name__ == "__main__":
    _main(sys.argv[1:])
