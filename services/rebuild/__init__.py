"""Restores the assistant's tables and columns after they were dropped or emptied, from what the database remembers."""

from services.rebuild.apply import Report, rebuild
from services.rebuild.columns import ColumnPlan
from services.rebuild.fate import Fate, NothingRemembered
from services.rebuild.plan import Plan, TablePlan, Unfit, make_plan

__all__ = ["ColumnPlan", "Fate", "NothingRemembered", "Plan", "Report", "TablePlan", "Unfit", "make_plan", "rebuild"]
