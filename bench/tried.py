"""What was tried for a goal, by the goal's key; shown on the page as long as the goal is missed."""

MAILS = (
    "several connections in one process, whose bodies and answers go on record in one commit (a wave), also where "
    "bodies begin only at nearly the same time; PIPELINING; claims of as many mails as leave in a moment, made beside "
    "what the connections do while half of the last still wait, and without waiting for the disk, which the begin of "
    "a body still does; a database connection that the waves keep between runs, connecting while the first mails are "
    "loaded, statements that PostgreSQL plans once a session, and no ORM. Composing: templates made flat when they "
    "are loaded, HTML that is sent as it is, its lines looked through once, and no escaping, encoding or formatting "
    "of what does not need it; a line of the log is rendered once, too. What remains is mostly composing and the "
    "claim's reading of tickets; the peer is given what it sends or renders it from what is prepared, and commits "
    "once for a whole batch."
)
EVENTS = (
    "lists go to PostgreSQL as array literals, which it reads in two thirds of the time, ids without hyphens and "
    "times as numbers; Redis' replies are read in C; usual events have a decoder of their own, and msgspec writes the "
    "JSON, which goes as one text without being escaped twice; words are remembered as they are typed, and a text "
    "meets only the patterns that they lead to; a whole batch is decoded before the rules are asked about all of it, "
    "which keeps each step's code in the processor's cache; the hot statements are planned once a session and "
    "have no ORM between; garbage collection passes over what is loaded before the fork. Both cores are busy: a "
    "second worker finds none free, while the peer's second main process does. COPY, one JSON document instead of "
    "arrays and a third child brought little or were worse; batches of more than 750 events too, and they hold locks "
    "for longer."
)
TICKETS = (
    "whom to contact is worked out once for a batch and no longer for each ticket, an id once and in half the time, "
    "the statements that open a ticket are planned once a session, and the audit log takes a statement's rows without "
    "a call for each; of a session only the events are read that its summary tells. "
    "PostgreSQL writes twelve rows for a ticket, three of them in the audit log, and both cores are "
    "busy. The original's way is spared TLS, login and all reading of the story here, and its mail server answers at "
    "once."
)
MEMORY = (
    "Alembic and the libraries of Graph and OAuth2 are imported only where they are used (18 MB), Flower, Celery's "
    "other commands, rich and requests nowhere (28 MB), the ORM not on the way of events and mails (7 MB), word lists "
    "before the rest. What is left, by what it adds to the RSS when it is imported or loaded: Celery 23 MB, the word "
    "lists of six languages 21, SQLAlchemy 14, pydantic 10, psycopg2 4. Most of it is shared with the parent: see PSS "
    "and USS."
)
LEAK = (
    "looking at the curve: what a child loads for its first mails (templates, catalogues, time zones) is there before "
    "the counting begins; what still comes is in steps and not with each event."
)
LATENCY = (
    "a drain that finds the stream empty sends up to three mails itself after its commit, where the mail server was "
    "fast lately: that spares the second of two messages of Celery, each of which takes what the peer's whole way "
    "takes; the first is spared where the worker that sees the event has an idle child. PostgreSQL plans the hot "
    "statements once a session, and several of them go to it in one round trip, past SQLAlchemy; so do a sender's "
    "lease, its place and its connection; the stream's acknowledgement and all hints are one round trip to Redis; a "
    "sender keeps its connection for records between runs; a claim does not wait for the disk. In between stay one "
    "transaction of about twenty statements for the ticket, whose number does not depend on how many tickets it "
    "opens, and for the mail its claim, composing and a commit before its body."
)
DAY = (
    "nothing for the mix by itself: its events, tickets and mails share two cores with the servers and the publisher, "
    "and what makes each of them cheaper helps here, too."
)
TRIED = {
    "latency_50": LATENCY,
    "latency_99": LATENCY,
    "day": DAY,
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
