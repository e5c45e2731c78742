"""`python -m worker …`: everything a person does with the escalation worker in a terminal."""

import sys

from config.errors import ConfigurationError
from worker.commands import cli


def main() -> int:
    """Run a command; a wrong setting ends it with its name and what would be right."""
    try:
        cli()
    except ConfigurationError as error:
        print(f"A setting is wrong:\n{error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
