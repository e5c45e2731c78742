"""`python -m demo.visit SESSION …`: plays sessions into the stack of docker-compose.demo.yml, says where all is."""

import os
import sys
from uuid import uuid4

from sqlalchemy import create_engine

from config.settings import get_settings
from demo.checks import settled
from demo.player import play
from demo.recording import SESSIONS, load_recordings
from services.database.engine import driver_url
from services.events.stream import publisher_of


def main(names: list[str]) -> int:
    """Exit code 0 when each session reached somebody."""
    settings = get_settings()
    engine = create_engine(driver_url(settings.database_url.get_secret_value()), isolation_level="AUTOCOMMIT")
    recordings = [one for one in load_recordings(SESSIONS) if one.name in names]
    if len(recordings) < len(names):
        known = ", ".join(path.stem for path in sorted(SESSIONS.glob("*.jsonl")))
        print(f"Sessions: {', '.join(names)} were asked for; there are {known}.")
        return 2
    failed = 0
    with engine.connect() as connection, publisher_of(settings) as publisher:
        for played in play(recordings, uuid4(), publisher, connection, still_there=lambda: None):
            reached = settled(played.recording, played.outcome)
            numbers = ", ".join(ticket.number for ticket in played.outcome.tickets) or "none"
            print(f"{played.recording.name}: ticket {numbers}, {'mailed' if reached else 'NOT mailed in time'}")
            failed += not reached
    engine.dispose()
    for place in os.environ.get("DEMO_PLACES", "").split(","):
        print(f"  {place.strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
