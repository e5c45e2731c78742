"""What a finding tells: where it stands, why, how strong it is, and whether anybody is hurt."""

import json

import pytest

from config.lexicon import load_lexicon
from rules.detection import Finding, Findings, detect
from rules.detection.tokens import HEAD, TAIL


def hear(text: str, language: str | None = "en") -> Findings:
    return detect(text, language, load_lexicon())


def danger(text: str, language: str | None = "en") -> Finding:
    found = hear(text, language).danger
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Hello! The CABINET IS LIVE, help", "CABINET IS LIVE"),
        ("  … ﬁne until now — it smells burnt", "smells burnt"),
        ("e\u0301e\u0301 😀 the cabinet is live", "cabinet is live"),
        ("είπα: υπάρχει φωτιά", "φωτιά"),
        ("كان هُناكَ حَرِيقٌ كبير", "حَرِيقٌ"),
        ("Makine dairesinde YANGIN var", "YANGIN"),
        ("it's 5 o'clock and there's a fire in here", "there's a fire"),
    ],
)
def test_the_phrase_is_cut_from_the_text_as_typed(text: str, phrase: str) -> None:
    finding = danger(text, None)
    assert finding.phrase == phrase
    assert text[finding.start : finding.end] == phrase


def test_of_a_long_text_the_end_is_examined_and_its_place_is_right() -> None:
    text = "pressure is low " * 10_000 + "and there is a fire on board"
    finding = danger(text)
    assert text[finding.start : finding.end] == finding.phrase
    assert finding.start > len(text) - TAIL


def test_the_middle_of_a_long_text_is_not_examined() -> None:
    assert not hear("x " * HEAD + "there is a fire " + "x " * TAIL).danger


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("there is no smoke", "denied"),
        ("is it dangerous to open the valve?", "question"),
        ("what should we do if there is a fire", "supposed"),
        ("there was a fire last year", "past"),
        ("you said the cabinet is live", "quoted"),
        ('the message was "smoke is coming out of the motor" so what', "quoted"),
        ("> smoke is coming out of the motor\nwhat do you mean", "quoted"),
    ],
)
def test_a_weak_finding_says_why_it_is_weak(text: str, effect: str) -> None:
    findings = hear(text)
    assert findings.danger is None
    assert effect in findings.weak[0].reason
    assert not findings.weak[0].fires
    assert findings.weak[0].strength == "weak"


def test_a_text_in_quotation_marks_as_a_whole_quotes_nobody() -> None:
    assert danger('"there is a fire in the engine room"').fires


@pytest.mark.parametrize(
    ("text", "language", "hurt"),
    [
        ("there is a fire in the cabinet", "en", "unknown"),
        ("there is a fire in the cabinet, nobody is hurt", "en", "denied"),
        ("there is a fire in the cabinet, everyone is okay", "en", "denied"),
        ("there is a fire in the cabinet and one man is injured", "en", "said"),
        ("φωτιά στον πίνακα, κανείς δεν τραυματίστηκε", "el", "denied"),
        ("hay fuego en el tablero y un compañero está herido", "es", "said"),
        ("panoda yangın var, yaralanan yok", "tr", "denied"),
        ("حريق في اللوحة والجميع بخير", "ar", "denied"),
        ("brann i skapet, ingen er skadet", "no", "denied"),
    ],
)
def test_whether_anybody_is_hurt(text: str, language: str, hurt: str) -> None:
    assert danger(text, language).hurt == hurt


@pytest.mark.parametrize(
    "text",
    [
        "smoke! jane@example.com",
        "help!!",
        "ok. Fire! What do I do?",
        "smoke, smoke everywhere",
        "¡fuego! vengan",
        "Φωτιά!! τι κάνω;",
        "حريق! شو نعمل؟",
        "duman 🔥",
        "Brann!! hva gjør vi?",
    ],
)
def test_a_cry_of_alarm_leaves_no_doubt(text: str) -> None:
    assert hear(text, None).heard("safety_concern") == "sure"


@pytest.mark.parametrize("text", ["smoke?", "smoke again", "smoke/heat on E4"])
def test_a_lone_word_among_others_or_in_a_question_is_doubtful(text: str) -> None:
    assert hear(text, None).heard("safety_concern") == "doubtful"


def test_people_who_are_hurt_come_before_other_danger() -> None:
    assert danger("smoke is coming out of the motor. And then: the deckhand is injured").entry == "injury"


def test_both_kinds_are_heard_in_one_text() -> None:
    findings = hear("smoke is coming out of the motor, let me talk to a technician")
    assert findings.danger
    assert findings.handoff
    assert {finding.kind for finding in findings} == {"safety_concern", "user_request"}


def test_the_language_of_the_session_is_a_hint_and_no_filter() -> None:
    assert danger("δεν ξέρω τι να κάνω, there is a fire", "el").language == "en"
    assert danger("fotia sto mixanostasio", "no").language == "el"


def test_evidence_is_json_and_says_everything_that_explains_it() -> None:
    finding = danger("smoke \ud800 is coming out of the motor and the CABINET is live")
    evidence = json.loads(json.dumps(finding.as_evidence()))
    assert evidence["hurt"] == "unknown"
    assert evidence["gloss"] in evidence["reason"]
    assert set(evidence) >= {"phrase", "start", "end", "reason", "gloss", "language", "strength", "entry"}


def test_a_wish_has_no_word_on_who_is_hurt() -> None:
    handoff = hear("let me talk to a technician").handoff
    assert handoff
    assert "hurt" not in handoff.as_evidence()


@pytest.mark.parametrize(
    "text",
    [
        "can i speak to a repersentative",
        "i need a tehcnician",
        "can i taaaaalk to a humaaaan",
        "CAN I TALK TO A TECHNICIAN",
        "ｃａｎ ｉ ｔａｌｋ ｔｏ ａ ｈｕｍａｎ",
        "can i talk to a hu\u200bman",
    ],
)
def test_slips_and_odd_letters_are_no_obstacle(text: str) -> None:
    assert hear(text).handoff


def test_the_same_text_gives_the_same_findings() -> None:
    text = "fumes everywhere, he is bleeding, get me a human"
    assert tuple(hear(text)) == tuple(hear(text))


@pytest.mark.parametrize(
    ("text", "language", "entry"),
    [
        ("it smells burnt and smoke is coming out of the cabinet", "en", "smoke"),
        ("smells burnt here, the motor is on fire", "en", "on_fire"),
        ("μυρίζει καμένο και βγαίνει καπνός", "el", "smoke"),
        ("huele a quemado y sale humo del tablero", "es", "smoke"),
        ("yanık kokusu var, panodan duman çıkıyor", "tr", "smoke"),
        ("det lukter svidd og det kommer røyk ut av skapet", "no", "smoke"),
    ],
)
def test_of_several_dangers_the_gravest_is_the_headline(text: str, language: str, entry: str) -> None:
    assert danger(text, language).entry == entry


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("nobody got hurt", "en"), ("everybody's safe", "en"), ("no one was burned", "en"),
        ("none of us is hurt", "en"),
        ("κανείς δεν χτύπησε", "el"), ("δεν έπαθε κανείς τίποτα", "el"), ("δεν έχουμε τραυματίες", "el"),
        ("محدش اتعور", "ar"), ("ما حدا انأذى", "ar"), ("ما صار لاحد شي", "ar"), ("لم يصب أحد", "ar"),
        ("nadie se quemó", "es"), ("a nadie le pasó nada", "es"), ("la gente está bien", "es"),
        ("kimseye bişey olmadı", "tr"), ("hepimiz iyiyiz", "tr"), ("kimsenin burnu kanamadı", "tr"),
        ("ingen kom til skade", "no"), ("det gikk bra med alle", "no"), ("mannskapet er trygt", "no"),
    ],
)  # fmt: skip
def test_that_nobody_is_hurt_is_heard_alone_too(text: str, language: str) -> None:
    findings = hear(text, language)
    assert findings.hurt == "denied"
    assert findings.danger is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("he is hurt", "en"),
        ("κάποιος χτύπησε", "el"),
        ("واحد انجرح", "ar"),
        ("Juan se quemó", "es"),
        ("Ali yaralandı", "tr"),
        ("han ble skadet", "no"),
    ],
)
def test_an_injury_is_no_denial(text: str, language: str) -> None:
    assert hear(text, language).hurt != "denied"
