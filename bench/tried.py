"""What was tried for a goal, by the goal's key; shown on the page as long as the goal is missed."""

MAILS = (
    "composing was made a fifth faster (Jinja's globals without a ChainMap, each address checked once). An accepted "
    "mail goes on record by one statement that commits by itself, where there were ten round trips (a quarter more "
    "mails a second). What remains of 4 ms is composing (1.5 ms, nearly all of it in Python) and two commits for each "
    "mail (1.5 ms), one before its body and one after the answer, so that a killed process never sends a mail twice "
    "without a record; django-post_office commits once for a whole batch."
)
EVENTS = (
    "lists go to PostgreSQL as array literals, which it reads in two thirds of the time, Redis' replies are read in "
    "C, JSON is written by one encoder, and garbage collection passes over what is loaded before the fork. A "
    "child's processor time for an event fell from about 80 to 66 µs, beside about 26 µs in PostgreSQL. Both cores "
    "are busy with that: a second worker finds none free, while the peer's second main process does. The goal was "
    "set where bare Celery did 440 to 600 tasks a second; here it does more than twice as many."
)
TICKETS = (
    "whom to contact is worked out once for a batch and no longer for each ticket, an id once and not ten times. A "
    "child's processor time for a ticket fell from about 450 to 200 µs, beside about 140 µs in PostgreSQL for its "
    "twelve rows, three of them in the audit log; both cores are busy with that. The original's way is spared TLS, "
    "login and all reading of the story here, and its mail server answers at once."
)
MEMORY = (
    "Alembic and the libraries of Graph and OAuth2 are imported only where they are used (18 MB), the forms of a "
    "word share their memory (4 MB). What is left, by what it adds to the RSS when it is imported or loaded: the "
    "command `celery` 57 MB, the word lists of six languages 21, SQLAlchemy with its ORM 19, pydantic 10, psycopg2 5. "
    "Most of it is shared with the parent: see PSS and USS."
)
LEAK = (
    "looking at the curve: what a child loads for its first mails (templates, catalogues, time zones) is there before "
    "the counting begins; what still comes is in steps and not with each event."
)
LATENCY = (
    "counting the steps: two of them are messages of Celery, each of which takes what the peer's whole way takes; in "
    "between are one transaction of about twenty statements for the ticket, whose number does not depend on how many "
    "tickets it opens, and for the mail its claim, composing and a commit before its body. PostgreSQL plans those "
    "statements anew each time, since psycopg2 prepares none: 2 ms for a ticket and 3 ms for a mail. The mail's hint "
    "now leaves before the stream is told, and PostgreSQL is asked once whether it is there (2 ms less)."
)
TRIED = {
    "latency_50": LATENCY,
    "leak": LEAK,
    "events_1": EVENTS,
    "events_2": EVENTS,
    "tickets": TICKETS,
    "mails_1": MAILS,
    "mails_2": MAILS,
    "memory": MEMORY,
}
