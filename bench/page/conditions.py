"""When and on what it was measured; results of several runs are told apart."""

import os
import platform
from importlib.metadata import version

from bench.results import Conditions, Results

PACKAGES = ("celery", "kombu", "redis", "sqlalchemy", "psycopg2-binary")


def conditions(results: Results) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return "\n".join((*runs(results), f"{machine}; {packages}. The servers and the peers share the cores."))


def runs(results: Results) -> list[str]:
    """One line when all sections are of one run, else one for each section."""
    known = {name: one.conditions for name, one in results.items() if one.conditions}
    alike = {(one.rounds, one.scale, one.commit) for one in known.values()}
    if len(alike) == 1:
        last = max(known.values(), key=lambda one: one.when)
        return [f"Measured {told(last)}."]
    told_apart = [f"- {name}: {told(one)}" for name, one in known.items()]
    return ["The sections are of different runs:\n", *told_apart, ""]


def told(one: Conditions) -> str:
    amounts = "" if one.scale == 1 else f", {one.scale:.0%} of the usual amounts"
    return f"{one.when}, {one.rounds} rounds{amounts}, commit {one.commit}, load over 15 minutes {one.load}"
