"""What the user may be told before a worker has answered. Nothing is claimed of a ticket or a human."""

from collections.abc import Mapping
from typing import Final

from escalation_client.events.errors import Unfit
from escalation_client.events.languages import language_of

_FALLBACK: Final = "en"
_TAKEN: Final[Mapping[str, str]] = {
    "en": "I have noted your request, but it is not confirmed yet. If it is urgent, please call our support team. "
    "If anyone is in danger, call your local emergency number.",
    "el": "Σημείωσα το αίτημά σας, αλλά δεν έχει επιβεβαιωθεί ακόμη. Αν είναι επείγον, τηλεφωνήστε στην ομάδα "
    "υποστήριξης. Αν κάποιος κινδυνεύει, καλέστε τον τοπικό αριθμό έκτακτης ανάγκης.",
    "ar": "سجّلتُ طلبك، لكنه لم يُؤكَّد بعد. إذا كان الأمر عاجلًا فاتصل هاتفيًا بفريق الدعم. "
    "وإذا كان أحد في خطر فاتصل برقم الطوارئ المحلي.",
    "es": "He anotado su solicitud, pero aún no está confirmada. Si es urgente, llame por teléfono a nuestro equipo de "
    "soporte. Si alguien está en peligro, llame al número de emergencias local.",
    "tr": "Talebinizi kaydettim, ancak henüz onaylanmadı. Acilse lütfen destek ekibimizi telefonla arayın. "
    "Tehlikede olan biri varsa yerel acil durum numarasını arayın.",
    "no": "Jeg har notert henvendelsen din, men den er ikke bekreftet ennå. Haster det, ring supportteamet vårt. "
    "Er noen i fare, ring det lokale nødnummeret.",
}
_STOP: Final[Mapping[str, str]] = {
    "en": "Please stop the machine if you can do so safely, and keep everyone away from it. ",
    "el": "Σταματήστε το μηχάνημα αν μπορείτε με ασφάλεια και κρατήστε όλους μακριά του. ",
    "ar": "أوقف الآلة إن استطعت ذلك بأمان، وأبعِد الجميع عنها. ",
    "es": "Pare la máquina si puede hacerlo con seguridad y mantenga a todos alejados. ",
    "tr": "Güvenle yapabiliyorsanız makineyi durdurun ve herkesi ondan uzak tutun. ",
    "no": "Stopp maskinen hvis du kan gjøre det trygt, og hold alle unna den. ",
}


def say_taken(language: str | None, *, safety: bool = False) -> str:
    """The words for an event that was taken and is not yet confirmed, in one of the six languages or in English."""
    try:
        spoken = language_of(language or _FALLBACK)
    except Unfit:
        spoken = _FALLBACK
    if spoken not in _TAKEN:
        spoken = _FALLBACK
    return (_STOP[spoken] if safety else "") + _TAKEN[spoken]
