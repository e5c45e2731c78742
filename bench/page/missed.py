"""For each goal that was missed: what was measured, what was tried, and where the time goes."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from bench.goals import GoalResult, verdicts
from bench.profile import KINDS
from bench.results import Results, Section
from bench.tried import TRIED

UNTRIED = "nothing beyond what the code does."


def missed_goals(results: Results) -> str:
    """Nothing when all are met; a profile once, although several goals may ask for it."""
    missed = [verdict for verdict in verdicts(results) if not verdict.met]
    if not missed:
        return ""
    kinds = dict.fromkeys(KINDS[name] for verdict in missed for name in verdict.goal.sections if name in KINDS)
    profile = results.get("profile", Section())
    parts = ["## Goals that were missed", "\n".join(told_together(missed))]
    parts += [where(kind, profile) for kind in kinds if f"{kind} functions" in profile.words]
    return "\n\n".join(parts)


def told_together(missed: Iterable[GoalResult]) -> Iterator[str]:
    """One item of a list for goals that follow each other and for which the same was tried."""
    for tried, together in groupby(missed, lambda verdict: TRIED.get(verdict.goal.key, UNTRIED)):
        alike = list(together)
        figures = "; ".join(f"{each.goal.words}: {each.value:.2f} {each.goal.unit}" for each in alike)
        steps = " The steps are under Latency." if "latency" in alike[0].goal.sections else ""
        yield f"- {figures}. Tried: {tried}{steps}"


def where(kind: str, profile: Section) -> str:
    return "\n\n".join(
        (
            f"### Where the time goes: {kind}",
            "The child at work (py-spy, 200 samples a second, idle ones left out):",
            profile.words[f"{kind} functions"],
            profile.words[f"{kind} statements"],
        )
    )
