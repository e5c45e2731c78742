"""`python -m worker detect …`: what both ears hear in a text, and how well they hear."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from config.lexicon import load_lexicon
from config.settings import CONFIG_FOLDER
from rules.detection import Finding, Findings, detect
from rules.policy import Policy
from rules.triggers import KIND_REASON
from services.installation import policy_here
from services.listening.ear import HeardText, Judgement, SecondEar, second_ear
from worker.commands.arguments import Language, not_empty
from worker.commands.detect_scores import Score, score_table, summary
from worker.commands.terminal import Output

app = typer.Typer(no_args_is_help=True, help="What both ears hear in a text, and how well.")
console = Output()

_BATCH = 32
_PLAIN = "a plain reply, such as a greeting or thanks"
_LINE = '{"text": "…", "lang": "en", "label": 0 or 1, "source": "…"}'
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON.")]


class DetectionKind(StrEnum):
    HANDOFF = "handoff"
    SAFETY = "safety"

    @property
    def kind(self) -> str:
        """The second ear's word for it."""
        return "handoff" if self is DetectionKind.HANDOFF else "danger"


@dataclass(frozen=True, slots=True)
class _Heard:
    """What both ears make of one kind in a text, as the running worker would: does it escalate, does it ask, and why.

    `score` is None where no second ear listens.
    """

    escalates: bool
    asks: bool
    why: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A labelled text."""

    text: str
    language: str
    source: str
    wanted: bool


@app.command("eval")
def eval_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines: text, lang, label, source.")],
    kind: Annotated[DetectionKind, typer.Option(help="Which of the two is labelled.")],
    as_json: AsJson = False,
    worst: Annotated[int, typer.Option(min=0, help="How many mistakes to list.")] = 40,
) -> None:
    """Precision, recall and F1 of both ears on a labelled file; then the mistakes, first of the worst sources.

    Both ears hear as in the running worker, at the thresholds of the policy in force. "ask" counts as heard also what
    the assistant would be told to ask about.
    """
    policy = _policy()
    ear = _ear_of(policy)
    scores: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    asked: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    mistakes: list[tuple[LabelledText, _Heard]] = []
    for line, heard in hear_all(read_lines(file), kind.kind, policy, ear):
        for group in (("all", ""), ("language", line.language), ("source", line.source)):
            scores[group].add(line.wanted, heard.escalates)
            asked[group].add(line.wanted, heard.escalates or heard.asks)
        if line.wanted != heard.escalates:
            mistakes.append((line, heard))
    if as_json:
        typer.echo(json.dumps(summary(scores, asked) | {"ears": ears_of(ear)}, ensure_ascii=False))
        return
    console.print(f"Ears: {ears_of(ear)}", highlight=False)
    console.print(score_table(scores, asked))
    show_mistakes(mistakes, worst)


def _policy() -> Policy:
    """Without the other settings: no database or server is needed to hear."""
    return policy_here(Path(os.environ.get("POLICY_FILE") or CONFIG_FOLDER / "policy.toml"))


def _ear_of(policy: Policy) -> SecondEar | None:
    return second_ear() if policy.second_ear else None


def ears_of(ear: SecondEar | None) -> str:
    return f"word lists and second ear (model {ear.model})" if ear else "word lists alone"


def hear_all(
    lines: Iterable[LabelledText], kind: str, policy: Policy, ear: SecondEar | None
) -> Iterator[tuple[LabelledText, _Heard]]:
    """Each text with what both ears make of it, in batches as the worker does."""
    lexicon = load_lexicon()
    for batch in batched(lines, _BATCH):
        found = [detect(line.text, None if line.language == "?" else line.language, lexicon) for line in batch]
        judged: Sequence[Mapping[str, Judgement]] = [{} for _ in batch]
        if ear:
            judged = ear.judge([HeardText(line.text, findings) for line, findings in zip(batch, found, strict=True)])
        for line, findings, by_kind in zip(batch, found, judged, strict=True):
            yield line, conclude(kind, findings, by_kind.get(kind), policy)


def batched(lines: Iterable[LabelledText], size: int) -> Iterator[list[LabelledText]]:
    rest = iter(lines)
    while batch := list(islice(rest, size)):
        yield batch


def conclude(kind: str, findings: Findings, judgement: Judgement | None, policy: Policy) -> _Heard:
    """As the worker decides: what the lists are sure of, else the second ear's score; without it, the lists alone."""
    reason = KIND_REASON[kind]
    listed = findings.sure(reason) or (findings.first(reason) if judgement is None else None)
    score = judgement.score if judgement else None
    if listed:
        return _Heard(True, True, f"{listed.entry}: {listed.phrase!r}", score)
    if judgement is None:
        return _Heard(False, False, "nothing")
    near = "; ".join(f"{known.text!r}" for known, _ in judgement.nearest)
    why = f"{judgement.score:.2f}, " + (f"sounds like {near}" if near else _PLAIN)
    return _Heard(judgement.score >= policy.threshold(kind), judgement.score >= policy.ask_threshold(kind), why, score)


def read_lines(file: Path) -> Iterator[LabelledText]:
    """Ends the command where there is none, or where they are not UTF-8."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: should be a text file (UTF-8): {error}") from None
    texts = [(number, text) for number, text in enumerate(lines, start=1) if text.strip()]
    if not texts:
        raise typer.BadParameter(f"{file}: is empty; a line should be {_LINE}")
    for number, text in texts:
        yield read_line(text, f"{file}, line {number}")


def read_line(text: str, place: str) -> LabelledText:
    """Ends the command with the place of a line that is not as it should be."""
    try:
        row = json.loads(text)
        return LabelledText(
            row["text"].strip(), row.get("lang") or "?", row.get("source") or "?", {0: False, 1: True}[row["label"]]
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise typer.BadParameter(f"{place}: should be like {_LINE}, not {text.strip()[:80]}") from error


def show_mistakes(mistakes: list[tuple[LabelledText, _Heard]], worst: int) -> None:
    per_source = Counter(line.source for line, _ in mistakes)
    for line, heard in sorted(mistakes, key=lambda pair: -per_source[pair[0].source])[:worst]:
        told = f"heard {heard.why}" if heard.escalates else f"not heard ({heard.why})"
        console.print(escape(f"{line.source} ({line.language}) {told}: {line.text!r}"), highlight=False)


@app.command("text")
def text_command(
    text: Annotated[str, typer.Argument(callback=not_empty, help="What the user wrote.")],
    language: Annotated[Language | None, typer.Option(help="The session's language.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain what is heard in one text, and why."""
    policy = _policy()
    findings, ear = detect(text, language, load_lexicon()), _ear_of(policy)
    (judged,) = ear.judge([HeardText(text, findings)]) if ear else [{}]
    if as_json:
        lists = [{"kind": found.kind, **found.as_evidence()} for found in findings]
        second = [judgement_as_json(judgement, policy) for judgement in judged.values()]
        typer.echo(json.dumps([*lists, *second], ensure_ascii=False))
        return
    for line in [*explained(findings), *explained_second(judged, policy, ear)]:
        console.print(escape(line), highlight=False)


def judgement_as_json(judgement: Judgement, policy: Policy) -> dict[str, Any]:
    return {
        "kind": KIND_REASON[judgement.kind],
        "ear": "second",
        "score": round(judgement.score, 4),
        "threshold": policy.threshold(judgement.kind),
        "ask_threshold": policy.ask_threshold(judgement.kind),
        "sounds_like": [{"text": known.text, "gloss": known.gloss} for known, _ in judgement.nearest],
    }


def explained_second(judged: Mapping[str, Judgement], policy: Policy, ear: SecondEar | None) -> Iterator[str]:
    if ear is None:
        yield "The second ear does not listen here (python -m worker doctor says why)."
    for kind, judgement in judged.items():
        near = " and ".join(f"“{known.text}” ({known.gloss})" for known, _ in judgement.nearest)
        sounds = f"nearest: {near}" if near else _PLAIN
        limits = f"escalates from {policy.threshold(kind)}, asks from {policy.ask_threshold(kind)}"
        yield f"second ear, {KIND_REASON[kind]}: {judgement.score:.3f} ({limits}); {sounds}"


def explained(findings: Iterable[Finding]) -> Iterator[str]:
    lines = [
        f"{found.kind} ({found.strength}): {found.phrase!r} at {found.start}: {found.reason} "
        f"[{found.language}.{found.entry}]" + (f", hurt: {found.hurt}" if found.kind == "safety_concern" else "")
        for found in findings
    ]
    yield from lines or ["Nothing is heard: neither danger nor a wish for a human."]


if __name__ == "__main__":
    app()
