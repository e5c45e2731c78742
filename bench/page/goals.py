"""The table of goals."""

from bench.goals import GoalResult, verdicts
from bench.results import Results


def goal_table(results: Results) -> str:
    lines = ["| goal | wanted | measured | |", "|---|---|---|---|"]
    return "\n".join([*lines, *(row(verdict) for verdict in verdicts(results))])


def row(verdict: GoalResult) -> str:
    goal, digits = verdict.goal, 2 if verdict.goal.limit < 2 else 1
    wanted = f"{'at least' if goal.least else 'at most'} {goal.limit:g} {goal.unit}"
    measured = f"{verdict.value:.{digits}f} {goal.unit}"
    return f"| {goal.words} | {wanted} | {measured} | {'met' if verdict.met else '**missed**'} |"
