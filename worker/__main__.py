"""`python -m worker …`: everything a person does with the escalation worker in a terminal."""

import os
import signal
import sys
from pathlib import Path
from typing import Final

from config.errors import ConfigurationError
from worker.commands import cli

# Written by `make up`, and gone when it ends.
_ENVIRONMENT: Final = Path("var/environment")


def main() -> int:
    """Run a command; a wrong setting ends it with its name and what would be right."""
    if os.getpid() == 1:
        # The first process of a container without an init: what the kernel does for others it leaves undone for this.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        cli()
    except ConfigurationError as error:
        print(f"A setting is wrong:\n{error}", file=sys.stderr)
        if "DATABASE_URL" not in os.environ and _ENVIRONMENT.exists():
            print(f"The stack that runs here has its settings in: . {_ENVIRONMENT}", file=sys.stderr)
        return 2
    except Exception as error:
        if not (words := _describe_unreachable(error)):
            raise
        print(f"{words}\nRun python -m worker doctor.", file=sys.stderr)
        return 1
    return 0


def _describe_unreachable(error: Exception) -> str | None:
    """What a server that does not answer, or refuses, is to the person at the terminal; None: something else."""
    # Here, since most commands need neither and should start quickly.
    from redis.exceptions import RedisError
    from sqlalchemy.exc import DBAPIError

    from services.database.errors import described

    if isinstance(error, DBAPIError):
        return f"PostgreSQL: {described(error)}"
    return f"Redis: {described(error)}" if isinstance(error, RedisError) else None


if __name__ == "__main__":
    sys.exit(main())
