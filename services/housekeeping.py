"""Carries out the retention, a short transaction at a time."""

import time

from sqlalchemy import Engine

from config.settings import Settings
from services.retention import policies, steps


def keep(engine: Engine, settings: Settings, seconds: float) -> dict[str, int]:
    """Forget what is old for at most so many seconds; rows by policy. Each step is committed by itself."""
    deadline = time.monotonic() + seconds
    done: dict[str, int] = {}
    for policy in policies(settings):
        done[policy.name] = 0
        with engine.connect() as connection:
            for count in steps(connection, policy):
                connection.commit()
                done[policy.name] += count
                if time.monotonic() > deadline:
                    return done
    return done
