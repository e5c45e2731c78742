"""Restores the assistant's tables and columns after they were dropped or emptied, from what the database remembers."""

from services.schema.rebuild.apply import RebuildReport, rebuild
from services.schema.rebuild.columns import ColumnPlan
from services.schema.rebuild.plan import Plan, TableMismatch, TablePlan, make_plan
from services.schema.rebuild.table_state import Fate, NothingRemembered

__all__ = [
    "ColumnPlan",
    "Fate",
    "NothingRemembered",
    "Plan",
    "RebuildReport",
    "TableMismatch",
    "TablePlan",
    "make_plan",
    "rebuild",
]
