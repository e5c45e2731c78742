"""Mails a second over a server that takes its time after the final dot, as Microsoft 365 does."""

from bench.peers import post_office
from bench.peers.post_office import Sending
from bench.results import Section
from bench.sections.effort import Effort
from bench.sections.mails import ours
from bench.sink_process import sink_process
from bench.stand import Stand

WORDS = {
    "ours": "ours, as shipped",
    "peer": "django-post_office, as shipped: five connections",
    "ours_equal": "ours with five connections",
}
LEAST_MILLISECONDS, MOST_MILLISECONDS = 50, 150
# The sixth is for safety mail alone.
CONNECTIONS_AS_THE_PEER = "6"


def run(stand: Stand, effort: Effort) -> Section:
    """One process each, plain; the peer's content is ready, ours is composed."""
    section = Section(words=WORDS)
    count = effort.count(300)
    folder = stand.folder / "slow"
    folder.mkdir(exist_ok=True)
    with sink_process(folder, LEAST_MILLISECONDS, MOST_MILLISECONDS) as slow:
        given = {"SMTP_PORT": str(slow.port)}
        for turn in effort.turns():
            section.add("ours", ours(stand, count, 1, secured=False, **given))
            section.add("peer", count / post_office.seconds(stand, Sending(count, port=slow.port))["send"])
            equal = {**given, "MAIL_CONNECTIONS": CONNECTIONS_AS_THE_PEER}
            section.add("ours_equal", ours(stand, count, 1, secured=False, **equal))
            figures = ", ".join(f"{key} {found[-1]:,.0f}" for key, found in section.speeds.items())
            effort.say(f"round {turn}: mails a second, slow server: {figures}")
    return section
