"""The table of goals."""

from bench.goals import Verdict, verdicts
from bench.results import Results


def goal_table(results: Results) -> str:
    lines = ["| goal | wanted | measured | |", "|---|---|---|---|"]
    return "\n".join([*lines, *(row(verdict) for verdict in verdicts(results))])


def row(verdict: Verdict) -> str:
    goal = verdict.goal
    wanted = f"{'at least' if goal.least else 'at most'} {goal.limit:g} {goal.unit}"
    return f"| {goal.words} | {wanted} | {verdict.value:.1f} {goal.unit} | {'met' if verdict.met else '**missed**'} |"
