"""Enumerated words as parts of statements, so that a list of states is written once."""

from enum import StrEnum


def sql_list(*words: StrEnum) -> str:
    """The words as PostgreSQL reads them after IN: `('queued', 'deferred')`."""
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"({quoted})"
