"""What the page says about how it was measured; never what came out."""

HEAD = """# Performance

Written by `make bench ARGS=--write-docs`; anyone can repeat it. Everything runs on the embedded servers of one machine,
in rounds in which ours and its peers take turns; figures are medians of the rounds. Only the ratios carry over to
another machine.

What the second ear costs a text and the path of the events is measured by `python -m bench.listening`:
[detection.md](detection.md#how-fast).
"""
MIX = """
From a backlog in the stream to the last commit. The mix: 40 % messages of about 120 characters in six languages, 30 %
steps, 25 % confidences, 5 % diagnoses; 5 % of the sessions escalate. Rules, detection, audit and outbox are included.
Redis writes each entry through to the disk before it confirms it (`appendfsync always`); for the bare Celery tasks it
does so once a second, its own default, which is far faster for Celery. A worker is one `celery worker` with two
children, ours and the peer's alike: what limits the peer is its main process, so its second worker is a second main
process. 20 times what its two do would be more than bare INSERT does, so two of ours are held against that instead.
"""
STREAMS = """
The same backlog, spread by the session (`EVENT_STREAMS`), worked off by two workers with two children each. The share
is that of the servers (PostgreSQL and all of Redis) in the processor time that servers and workers took.
"""
ORIGINAL = """
With all that commits with a ticket: session, event, trigger, ticket with its number, audit rows, mail, outcome. The
original's way reads the session, counts the tickets for the number, writes ticket, status and trigger, each in a
transaction of its own, and sends one mail over a new connection, without TLS or login (`bench/original.py`).
"""
COMPOSING = """
A usual mail about a new ticket, in English: one process, no server, no database.
"""
MAILS = """
Accepted by one and the same server, which takes everything at once and keeps nothing (`bench/sink.py`; an `aiosmtpd`
would be the limit itself). Ours are support mails that wait in the outbox: claimed, composed, sent, each body and each
answer on record before and after. django-post_office queues mails of the same size with `send_many` and sends them with
`send_queued_mail`, 500 in a batch, five threads and connections in each process, on the same PostgreSQL server, in an
environment of its own; it records a whole batch at its end, so a crash sends what it had sent of it once more. Where
its application renders, it makes the very text and HTML of ours: from our templates, by plain Jinja2 with its cache,
from what one ticket's mail shows, which is all prepared (`bench/peers/rendering.py`), in as many processes as send
then.
"""
SLOW_SERVER = """
The same over a server that replies 50 to 150 ms after the final dot, as Microsoft 365 does. Ours has ten connections to
a server that it knows nothing of, django-post_office five.
"""
LATENCY = """
At an even rate, each event in a session of its own that opens a ticket: from its entry in the stream, by Redis's clock,
to the ticket and to the record of the mail server's acceptance, by PostgreSQL's. One worker for events and one for
mails. Bare Celery is a task that does nothing, from its publishing to its start.
"""
DAY = """
Events of the mix above at an even rate, with the tickets that they open and the mails about them, all at once: one
worker with two children for all queues, and beat. The rate rises until one mail of a hundred is accepted more than two
seconds after its event was published, or all of it takes a tenth longer than publishing at that rate does. A core is 1;
the one that publishes takes from the same two.
"""
GROWTH = """
The same backlog as above, into a database that holds little or much already, filled beforehand and analysed.
"""
MEMORY = """
RSS counts what is shared with other processes fully, PSS by its share, USS not at all. The growth is the slope of the
RSS over the second half of the events (least squares), after the first mails: a leak would show there. The USS also
grows while pages that a child shared with its parent become its own.
"""
START = """
Wall time of a process that is started anew, its files in the system's cache.
"""
