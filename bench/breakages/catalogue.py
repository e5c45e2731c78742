"""All breakages."""

from bench.breakages.events import EVENTS
from bench.breakages.mails import MAILS

BREAKAGES = (*EVENTS, *MAILS)
