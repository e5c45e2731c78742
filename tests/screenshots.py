"""`python -m tests.screenshots`: makes the pictures of mails, pages and the demo's report in `docs/pictures` anew."""

import base64
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from escalation_client import DiagnosisMade, MessageAdded, Publisher, SessionStarted
from escalation_client.events import Event
from tests.chromium import Browser, chromium
from tests.processes import ROOT, wait_for
from tests.stack import started
from worker.embedded.paths import temporary_folder

PICTURES = ROOT / "docs" / "pictures"
PHONE, DESKTOP = 360, 1_040
# So that whoever clones the project does not wait for them.
LARGEST_BYTES = 100_000
WEBP = """async png => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: image.width, height: image.height});
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.85).split(',')[1];
}"""
# Users and machines of the demo's tables (demo/abparts.toml), and what they write.
USER, MACHINE = "0b000000-0000-4000-8000-0000000000{:02}", "0c000000-0000-4000-8000-0000000000{:02}"
SMOKE = (
    ("user", "The power unit does not start, I pressed the green button twice"),
    ("assistant", "Is the main switch on? Please look at the lamp next to it."),
    ("user", "Yes it is on, but now there is smoke coming out of the cabinet"),
    ("assistant", "Switch the main switch off if you can reach it safely, and keep away."),
    ("user", "Jonas burned his hand when he opened the box"),
)
PERSON = (("user", "La bomba funciona pero la presión es baja"), ("user", "Quiero hablar con una persona"))
ERROR = (("user", "Hva betyr feil E42?"), ("assistant", "Det vet jeg ikke."))


def session(name: str, user: int, machine: int, language: str, said: tuple[tuple[str, str], ...]) -> list[Event]:
    begun = SessionStarted(
        session_id=name, user_id=USER.format(user), machine_id=MACHINE.format(machine), language=language
    )
    texts = [
        MessageAdded(session_id=name, message_id=f"{name}-{number}", sender=sender, content=words)
        for number, (sender, words) in enumerate(said)
    ]
    return [begun, *texts]


def events() -> list[Event]:
    expert = DiagnosisMade(
        session_id="error", problem_category="electrical", likely_causes=("A cable",), confidence_level="low",
        safety_warnings=(), requires_expert=True, recommended_steps=("Look at the cable",), estimated_duration=30,
    )  # fmt: skip
    smoke, person = session("smoke", 3, 3, "en", SMOKE), session("person", 7, 8, "es", PERSON)
    return [*smoke, *person, *session("error", 5, 5, "no", ERROR), expert]


def run(*arguments: str, before: str = "true") -> str:
    """What a command of ours says, after a line for the shell."""
    command = f"{before} && exec {sys.executable} -m worker {' '.join(arguments)}"
    return subprocess.run(["sh", "-c", command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def keep(browser: Browser, name: str, *, whole: bool = False) -> None:
    """As WebP, which has half of a PNG's bytes, and which Playwright itself does not write."""
    shown, browser.page = browser.page, browser.page.context.new_page()
    encoded: str = browser.page.evaluate(WEBP, base64.b64encode(shown.screenshot(full_page=whole)).decode())
    browser.page.close()
    browser.page = shown
    content = base64.b64decode(encoded)
    assert len(content) < LARGEST_BYTES, f"{name} has {len(content)} bytes"
    (PICTURES / f"{name}.webp").write_bytes(content)
    print(f"{name}: {len(content)} bytes", flush=True)


def take_mails(folder: Path) -> None:
    for language in ("en", "ar"):
        run("mail", "preview", "--out", str(folder), "--template", "ticket_opened", "--language", language)
        with chromium(PHONE, phone=False) as browser:
            browser.open((folder / f"ticket_opened-{language}.html").as_uri())
            keep(browser, f"mail-{language}")


def take_pages(folder: Path) -> None:
    with started(folder / "up") as stack:
        place: Mapping[str, Any] = stack.ready().description()
        with Publisher(place["redis_url"]) as publisher:
            publisher.publish_many(events())
        team = run("web", "team-link", "add", "Support", before=f". {stack.var / 'environment'}").split()[-1]
        for width, name in ((PHONE, "phone"), (DESKTOP, "desktop")):
            with chromium(width, dark=width == DESKTOP, phone=False) as browser:
                wait_for(lambda: lists_all(browser, team), "the tickets")
                keep(browser, f"ticket-list-{name}")
                browser.click("#tickets a")
                keep(browser, f"ticket-page-{name}")


def lists_all(browser: Browser, team: str) -> bool:
    browser.open(team)
    return browser.page.locator("#tickets a").count() == 3 and "hurt" in browser.page.inner_text("#tickets")


def take_demo(folder: Path) -> None:
    run("demo", "--var", str(folder / "demo"))
    with chromium(DESKTOP, phone=False) as browser:
        browser.open((folder / "demo" / "demo" / "index.html").as_uri())
        keep(browser, "demo-report")


def main() -> None:
    with temporary_folder() as folder:
        take_mails(folder)
        take_pages(folder)
        take_demo(folder)


if __name__ == "__main__":
    main()
