"""`python -m worker detect …`: what the rules hear in a text, and how well they hear."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from config.lexicon import load_lexicon
from rules.detection import Finding, Findings, detect
from worker.commands.terminal import Output

app = typer.Typer(no_args_is_help=True, help="What the word lists hear in a text, and how well.")
console = Output()

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON.")]


class DetectionKind(StrEnum):
    HANDOFF = "handoff"
    SAFETY = "safety"

    def heard(self, findings: Findings) -> Finding | None:
        return findings.handoff if self is DetectionKind.HANDOFF else findings.danger


@dataclass(slots=True)
class Score:
    """Counts of what was heard: rightly, wrongly, not; and rightly not."""

    counts: Counter[tuple[bool, bool]] = field(default_factory=Counter)

    def add(self, wanted: bool, heard: bool) -> None:
        self.counts[wanted, heard] += 1

    def as_dict(self) -> dict[str, float | int]:
        right, wrong, missed = self.counts[True, True], self.counts[False, True], self.counts[True, False]
        return {
            "precision": round(share(right, right + wrong), 4),
            "recall": round(share(right, right + missed), 4),
            "f1": round(share(2 * right, 2 * right + wrong + missed), 4),
            "yes": right + missed,
            "no": wrong + self.counts[False, False],
        }


def share(part: int, whole: int) -> float:
    """Nothing wanted and nothing heard is perfect."""
    return part / whole if whole else 1.0


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
    """Precision, recall and F1 on a labelled file; then the mistakes, first those of the sources with the most."""
    scores: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    mistakes: list[tuple[LabelledText, Finding | None]] = []
    lexicon = load_lexicon()
    for line in read_lines(file):
        heard = kind.heard(detect(line.text, None if line.language == "?" else line.language, lexicon))
        for group in (("all", ""), ("language", line.language), ("source", line.source)):
            scores[group].add(line.wanted, heard is not None)
        if line.wanted != (heard is not None):
            mistakes.append((line, heard))
    if as_json:
        typer.echo(json.dumps(summary(scores), ensure_ascii=False))
        return
    console.print(score_table(scores))
    show_mistakes(mistakes, worst)


def read_lines(file: Path) -> Iterator[LabelledText]:
    with file.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, start=1):
            if text.strip():
                yield read_line(text, f"{file}, line {number}")


def read_line(text: str, place: str) -> LabelledText:
    """Ends the command with the place of a line that is not as it should be."""
    try:
        row = json.loads(text)
        return LabelledText(
            row["text"], row.get("lang") or "?", row.get("source") or "?", {0: False, 1: True}[row["label"]]
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        reason = (
            f'should be like {{"text": "…", "lang": "en", "label": 0 or 1, "source": "…"}}, not {text.strip()[:80]}'
        )
        raise typer.BadParameter(f"{place}: {reason}") from error


def summary(scores: dict[tuple[str, str], Score]) -> dict[str, Any]:
    total = scores["all", ""].as_dict() if scores else Score().as_dict()
    return total | {f"by_{group}": grouped(scores, group) for group in ("language", "source")}


def grouped(scores: dict[tuple[str, str], Score], group: str) -> dict[str, dict[str, float | int]]:
    return {name: scores[kind, name].as_dict() for kind, name in sorted(scores) if kind == group}


def score_table(scores: dict[tuple[str, str], Score]) -> Table:
    table = Table("", "precision", "recall", "F1", "yes", "no")
    for group, name in sorted(scores):
        score = scores[group, name].as_dict()
        figures = (f"{score[figure]:.3f}" for figure in ("precision", "recall", "f1"))
        table.add_row(escape(name or group), *figures, str(score["yes"]), str(score["no"]))
    return table


def show_mistakes(mistakes: list[tuple[LabelledText, Finding | None]], worst: int) -> None:
    per_source = Counter(line.source for line, _ in mistakes)
    for line, heard in sorted(mistakes, key=lambda pair: -per_source[pair[0].source])[:worst]:
        told = f"heard {heard.entry}: {heard.phrase!r}" if heard else "not heard"
        console.print(escape(f"{line.source} ({line.language}) {told}: {line.text!r}"), highlight=False)


@app.command("text")
def text_command(
    text: Annotated[str, typer.Argument(help="What the user wrote.")],
    language: Annotated[str | None, typer.Option(help="The session's language: en, el, ar, es, tr, no.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain what is heard in one text, and why."""
    findings = detect(text, language, load_lexicon())
    if as_json:
        typer.echo(json.dumps([{"kind": found.kind, **found.as_evidence()} for found in findings], ensure_ascii=False))
        return
    for line in explained(findings):
        console.print(escape(line), highlight=False)


def explained(findings: Iterable[Finding]) -> Iterator[str]:
    lines = [
        f"{found.kind} ({found.strength}): {found.phrase!r} at {found.start}: {found.reason} "
        f"[{found.language}.{found.entry}]" + (f", hurt: {found.hurt}" if found.kind == "safety_concern" else "")
        for found in findings
    ]
    yield from lines or ["Nothing is heard: neither danger nor a wish for a human."]


if __name__ == "__main__":
    app()
