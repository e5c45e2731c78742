"""The events of the benchmarks: a fixed mix, drawn from a fixed seed."""

import random
from collections.abc import Iterator

from escalation_client.events import (
    ConfidenceReported,
    DiagnosisMade,
    Event,
    MessageAdded,
    StepRecorded,
    encode,
)

TEXTS = (
    "the pump runs but the pressure stays low and the net does not get clean, we looked at the filter twice today",
    "η αντλία δουλεύει αλλά η πίεση μένει χαμηλή και το δίχτυ δεν καθαρίζει, κοιτάξαμε το φίλτρο δύο φορές σήμερα",
    "المضخة تعمل لكن الضغط يبقى منخفضا والشبكة لا تنظف، نظرنا إلى المرشح مرتين هذا الصباح ولم نجد فيه شيئا غريبا",
    "la bomba funciona pero la presión sigue baja y la red no queda limpia, hoy hemos mirado el filtro dos veces",
    "pompa çalışıyor ama basınç düşük kalıyor ve ağ temizlenmiyor, bu sabah filtreye iki kez baktık ve yerine taktık",
    "pumpa går, men trykket holder seg lavt og nota blir ikke ren, vi har sett på filteret to ganger i dag",
)
EVENTS_A_SESSION = 20
ESCALATING_SHARE = 0.05


def mixed(count: int, seed: int = 1, name: str = "mix") -> list[str]:
    """So many events: 40 % messages, 30 % steps, 25 % confidences, 5 % diagnoses; 5 % of the sessions escalate."""
    source = random.Random(seed)
    return [encode(one) for one in drawn(source, count, name)]


def drawn(source: random.Random, count: int, name: str) -> Iterator[Event]:
    for number in range(count):
        session, place = divmod(number, EVENTS_A_SESSION)
        escalates = session % round(1 / ESCALATING_SHARE) == 0
        yield one_of(source, f"{name}-{session}", place, escalates)


def one_of(source: random.Random, session: str, place: int, escalates: bool) -> Event:
    """A session that escalates does so by its confidence in the middle."""
    if place == EVENTS_A_SESSION // 2:
        return ConfidenceReported(session_id=session, confidence=0.1 if escalates else 0.8)
    share = source.random()
    if share < 0.42:
        content = source.choice(TEXTS)
        return MessageAdded(session_id=session, message_id=f"{session}-{place}", sender="user", content=content)
    if share < 0.74:
        number = 1 + place % 7
        return StepRecorded(
            session_id=session, step_number=number, instruction="Clean the filter", completed=True, success=True
        )
    if share < 0.95:
        return ConfidenceReported(session_id=session, confidence=source.uniform(0.4, 0.99))
    return DiagnosisMade(session_id=session, confidence_level="medium", problem_category="startup")


def escalating(count: int, name: str) -> list[str]:
    """So many sessions with one event that opens a ticket."""
    return [encode(ConfidenceReported(session_id=f"{name}-{number}", confidence=0.1)) for number in range(count)]
