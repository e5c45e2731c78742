"""What was tried for a goal, by the goal's key; shown on the page as long as the goal is missed."""

MAILS = (
    "several connections in one process, whose bodies and answers go on record in one commit (a wave), PIPELINING, "
    "templates made flat when they are loaded, HTML that is sent as it is, a database connection for the waves that "
    "is kept between runs, statements that PostgreSQL plans once a session, and claiming beside what the connections "
    "do. What remains is composing, half of it in the templates and half in what they show; "
    "django-post_office sends content that is ready, and commits once for a whole batch."
)
EVENTS = (
    "lists go to PostgreSQL as array literals, which it reads in two thirds of the time, Redis' replies are read in "
    "C, JSON is written by one encoder, and garbage collection passes over what is loaded before the fork. A "
    "child's processor time for an event fell from about 80 to 66 µs, beside about 26 µs in PostgreSQL. Since then "
    "usual events have a decoder of their own, msgspec writes the JSON, and a detection rule is tried only where all "
    "words stand that it requires (about 10 µs for a message, 8 for any event). Both cores "
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
    "Alembic and the libraries of Graph and OAuth2 are imported only where they are used (18 MB), Flower, Celery's "
    "other commands, rich and requests nowhere (28 MB), the ORM not on the way of events and mails (7 MB), word lists "
    "before the rest. What is left, by what it adds to the RSS when it is imported or loaded: Celery 23 MB, the word "
    "lists of six languages 21, SQLAlchemy 14, pydantic 10, psycopg2 4. "
    "Most of it is shared with the parent: see PSS and USS."
)
LEAK = (
    "looking at the curve: what a child loads for its first mails (templates, catalogues, time zones) is there before "
    "the counting begins; what still comes is in steps and not with each event."
)
LATENCY = (
    "counting the steps: two of them are messages of Celery, each of which takes what the peer's whole way takes; in "
    "between are one transaction of about twenty statements for the ticket, whose number does not depend on how many "
    "tickets it opens, and for the mail its claim, composing and a commit before its body. PostgreSQL plans the "
    "hot ones once a session, which takes a third off its time for a mail. The mail's hint now leaves before the "
    "stream is told, in one round trip, and PostgreSQL is asked once whether it is there."
)
TRIED = {
    "latency_50": LATENCY,
    "leak": LEAK,
    "events_1": EVENTS,
    "events_2": EVENTS,
    "tickets": TICKETS,
    "mails_1": MAILS,
    "mails_2": MAILS,
    "mails_1_tls": MAILS,
    "mails_2_tls": MAILS,
    "mails_rendering_1": MAILS,
    "mails_rendering_2": MAILS,
    "mails_rendering_1_tls": MAILS,
    "mails_rendering_2_tls": MAILS,
    "events_insert": EVENTS,
    "memory": MEMORY,
}
