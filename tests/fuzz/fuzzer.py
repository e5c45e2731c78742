"""Coverage-guided fuzzing of one kind of input: `python -m tests.fuzz.fuzzer events --seconds 20`.

It tries what reaches new lines of ours, beginning with valid inputs, and ends with an error and the input that led to
it as soon as a check of `tests.fuzz.checks` fails. Without a limit (`--seconds 0`) it goes on until it finds something.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import atheris

OURS: Final = ["escalation_client", "rules", "config", "services.transports", "smtplib", "tomllib"]
# Only what is imported here for the first time can tell the fuzzer where it comes by.
with atheris.instrument_imports(include=OURS, enable_loader_override=False):
    from config.lexicon import load_lexicon
    from escalation_client.events import encode
    from tests.events import confidence, diagnosed, message, requested, started, step
    from tests.fuzz import checks
    from tests.fuzz.mutations import CONTACTS, POLICY

# An input that takes longer than this is a finding too.
LONGEST_SECONDS: Final = 10
LANGUAGES: Final = (None, "en", "el", "ar", "es", "tr", "no", "xx")
SENTENCES: Final = ("smoke from the cabinet", "βγαίνει καπνός", "دخان من الخزانة", "sale humo", "duman çıkıyor",
                    "det ryker", "I want to talk to a human", "no smoke, nobody hurt", "is there smoke?")  # fmt: skip
REPLIES: Final = (
    b"250-test\r\n250-AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n250 SIZE 9999\r\n235 ok\r\n250 ok\r\n250 ok\r\n"
    b"354 go\r\n250 ok\r\n",
    b"250-test\r\n250-SIZE 1\r\n250 AUTH PLAIN\r\n535 5.7.139 SmtpClientAuthentication is disabled for the Tenant\r\n",
    b"250 AUTH CRAM-MD5\r\n334 PDE+\r\n235 ok\r\n452 4.3.1 later\r\n",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fed with the fuzzer's bytes, and valid inputs to begin with."""

    check: Callable[[bytes, Path], None]
    examples: tuple[bytes, ...]


def detection(raw: bytes, _: Path) -> None:
    language = LANGUAGES[raw[0] % len(LANGUAGES)] if raw else None
    checks.detection(raw[1:].decode("utf-8", "replace"), language)


def replies(raw: bytes, _: Path) -> None:
    mechanism = (*checks.MECHANISMS, "auto")[raw[0] % 5] if raw else "auto"
    checks.conversation(raw[1:], mechanism)


def contacts(raw: bytes, folder: Path) -> None:
    path = folder / "contacts.toml"
    path.write_bytes(raw)
    checks.contacts(path)


def policy(raw: bytes, folder: Path) -> None:
    path = folder / "policy.toml"
    path.write_bytes(raw)
    checks.policy(path)


EVENTS: Final = (
    started("s"),
    message("s", "smoke"),
    step("s", 1),
    confidence("s", 0.1),
    requested("s"),
    diagnosed("s"),
)
KINDS: Final[Mapping[str, Kind]] = {
    "events": Kind(lambda raw, _: checks.event(raw), tuple(encode(one).encode() for one in EVENTS)),
    "detection": Kind(detection, tuple(b"\0" + sentence.encode() for sentence in SENTENCES)),
    "replies": Kind(replies, tuple(bytes([place]) + said for place in range(5) for said in REPLIES)),
    "contacts": Kind(contacts, (CONTACTS.encode(),)),
    "policy": Kind(policy, (POLICY.encode(),)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=int, default=20, help="how long; 0: until something is found")
    parser.add_argument("--seed", type=int, default=1, help="the same seed tries the same inputs")
    given = parser.parse_args()
    kind = KINDS[given.kind]
    load_lexicon()
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, example in enumerate(kind.examples):
            (corpus / f"{number}").write_bytes(example)
        options = {"max_total_time": given.seconds, "seed": given.seed, "timeout": LONGEST_SECONDS, "max_len": 8_192}
        told = [f"-{name}={value}" for name, value in options.items()]
        words = [sys.argv[0], *told, "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={folder}/", str(corpus)]
        atheris.Setup(words, lambda raw: kind.check(raw, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
