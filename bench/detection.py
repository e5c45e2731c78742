"""`python -m bench.detection`: how long detection takes, on usual texts and on 100,000 random and hostile ones."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console
from rich.table import Table

from config.lexicon import FOLDER, load_folder, load_lexicon
from rules.detection import Lexicon, detect

USUAL = {
    "en": "The pump does not reach its pressure, the gauge shows sixty bar and the nozzles hardly turn when I start",
    "el": "Η αντλία δεν φτάνει την πίεση που πρέπει, το μανόμετρο δείχνει εξήντα μπαρ και τα μπεκ δεν γυρίζουν",
    "ar": "المضخة لا تصل إلى الضغط المطلوب والعداد يظهر حوالي ستين بار والفوهات بالكاد تدور عندما أشغلها في الصباح",
    "es": "La bomba no llega a la presión que debe, el manómetro marca sesenta bares y las boquillas casi no giran",
    "tr": "Pompa olması gereken basınca ulaşmıyor, gösterge altmış bar gösteriyor ve nozullar çalışınca zor dönüyor",
    "no": "Pumpa kommer ikke opp i trykk, manometeret viser seksti bar og dysene går nesten ikke rundt når jeg starter",
}
HEARD = "hello, can i please talk to a real person, smoke is coming out of the cabinet and he is hurt"
RANDOM_TEXTS = 100_000
ROUNDS = 2_000
MICROSECONDS = 1e6


def fastest(call: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time a call, the best of five runs."""
    runs = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(rounds):
            call()
        runs.append((time.process_time() - start) / rounds)
    return min(runs)


def usual(lexicon: Lexicon) -> Iterator[tuple[str, float]]:
    """Seconds for a text of about 100 characters in each language, of 2,000, and of one in which much is heard."""
    for language, text in USUAL.items():
        yield f"{language}, {len(text)} characters", fastest(partial(detect, text, language, lexicon), ROUNDS)
    long = (" ".join(USUAL.values()) * 4)[:2_000]
    yield "2,000 characters", fastest(partial(detect, long, None, lexicon), 200)
    yield "danger and a wish, 92 characters", fastest(partial(detect, HEARD, "en", lexicon), 500)


def hostile(chance: random.Random, words: list[str]) -> str:
    """Random characters, words of the lists, repetitions, surrogates: from nothing to a million characters."""
    kind = chance.randrange(6)
    size = chance.choice((0, 1, 10, 100, 1_000, 10_000)) if chance.random() < 0.999 else 1_000_000
    if kind == 0:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(min(size, 1_000)))
    if kind == 1:
        return " ".join(chance.choices(words, k=min(size, 2_000)))
    if kind == 2:
        return (" ".join(chance.choices(words, k=3)) + " ") * (size // 10)
    if kind == 3:
        return chance.choice("aA(\"'>.?\n\0\ud800\u0301\u200bﷺ😀ö") * size
    if kind == 4:
        return chance.choice(words)[::-1] * (size // 5)
    return "".join(chance.choices(" .,?!\n>aeinoت🔥ά", k=min(size, 2_000)))


def slowest(lexicon: Lexicon) -> tuple[float, str]:
    """The longest processor time that one of the random texts took, and how that text begins."""
    chance = random.Random(20260301)
    words = [word.strip('",[]') for path in sorted(FOLDER.glob("*.toml")) for word in path.read_text("utf-8").split()]
    worst = (0.0, "")
    for _ in range(RANDOM_TEXTS):
        text = hostile(chance, words)
        start = time.process_time()
        detect(text, None, lexicon)
        worst = max(worst, (time.process_time() - start, text[:40]))
    return worst


def main() -> None:
    """Print the table of `docs/detection.md`."""
    console, lexicon = Console(), load_lexicon()
    table = Table("text", "microseconds")
    for name, seconds in usual(lexicon):
        table.add_row(name, f"{seconds * MICROSECONDS:,.0f}")
    table.add_row("loading the word lists", f"{fastest(partial(load_folder, FOLDER), 1) * MICROSECONDS:,.0f}")
    console.print(table)
    seconds, text = slowest(lexicon)
    console.print(
        f"{RANDOM_TEXTS:,} random and hostile texts: no error, the slowest {seconds * 1_000:.1f} ms: {text!r}"
    )


if __name__ == "__main__":
    main()
