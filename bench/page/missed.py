"""For each goal that was missed: what was measured, what was tried, and where the time goes."""

from bench.goals import GoalResult, verdicts
from bench.profile import KINDS
from bench.results import Results, Section
from bench.tried import TRIED


def missed_goals(results: Results) -> str:
    """Nothing when all are met; a profile once, although several goals may ask for it."""
    missed = [verdict for verdict in verdicts(results) if not verdict.met]
    if not missed:
        return ""
    kinds = dict.fromkeys(KINDS[name] for verdict in missed for name in verdict.goal.sections if name in KINDS)
    profile = results.get("profile", Section())
    parts = ["## Goals that were missed", "\n".join(told(verdict) for verdict in missed)]
    parts += [where(kind, profile) for kind in kinds if f"{kind} functions" in profile.words]
    return "\n\n".join(parts)


def told(verdict: GoalResult) -> str:
    tried = TRIED.get(verdict.goal.key, "nothing beyond what the code does.")
    goes = " The steps are under Latency." if "latency" in verdict.goal.sections else ""
    return f"- {verdict.goal.words}: {verdict.value:.2f} {verdict.goal.unit}. Tried: {tried}{goes}"


def where(kind: str, profile: Section) -> str:
    return "\n\n".join(
        (
            f"### Where the time goes: {kind}",
            "The child at work (py-spy, 200 samples a second, idle ones left out):",
            profile.words[f"{kind} functions"],
            profile.words[f"{kind} statements"],
        )
    )
