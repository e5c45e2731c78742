"""Restores the assistant's tables after they were dropped or truncated, from what the database remembers."""

from services.rebuild.apply import Report, rebuild
from services.rebuild.fate import Fate, NothingRemembered
from services.rebuild.plan import Plan, Unfit, make_plan

__all__ = ["Fate", "NothingRemembered", "Plan", "Report", "Unfit", "make_plan", "rebuild"]
