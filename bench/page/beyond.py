"""Beyond one machine, on paper, with the figures of the run."""

from bench.results import Results

NEEDED = ("events", "tickets")
SECONDS_A_DAY = 86_400
# What a very busy installation would send.
USERS, EVENTS_A_MINUTE = 10_000, 2
TEXT = """## Beyond one machine

On paper, with the figures above; only the streams are built. {users:,} people at once who each cause {a_minute} events
a minute are {load:,.0f} events a second, {share:.0%} of what one worker works off here.

- **More workers.** Two do {two:.1f} times what one does, on cores that servers and workers share. With the servers
  elsewhere, workers can be added on any machine until PostgreSQL is the limit: bare INSERTs of the same rows, by one
  client, are {insert:,.0f} events a second, {insert_share:.1f} times one worker.
- **Redis** takes {xadd:,.0f} entries a second in batches, each write on the disk before it is confirmed, and
  {single:,.0f} one by one from one publisher; two workers work off {ours_2:,.0f}. When it is the limit: several
  streams ([operate.md](operate.md#several-event-streams)), chosen by a hash of the session so that a session's events
  stay in one, and on a Redis Cluster each on the node of its number, with everything else on a Redis of its own. What
  they gain where Redis and workers have machines of their own was not measured.
- **The ticket counter** is one row that each batch holds until its commit: {tickets:,.0f} tickets a second in batches,
  {a_day:,.0f} million a day. A support team is the limit long before.
- **PostgreSQL.** First the inbox in partitions by month, so that pruning is a DROP and the indexes in use stay in
  memory. Then several databases by the same hash of the session: its inbox, state and outbox lie together, so no
  transaction needs two. Each database then needs a range of ticket numbers of its own (gapless within it only), and
  ABParts' tables, which stay in one database, get the tickets alone.
- **Mail** is limited by the account (Microsoft 365: 30 messages a minute) long before anything here.
"""


def beyond(results: Results) -> str:
    """Nothing unless events and tickets were measured in this run."""
    if not all(name in results for name in NEEDED):
        return ""
    events, tickets = results["events"], results["tickets"].median("batches")
    one, load = events.median("ours_1"), USERS * EVENTS_A_MINUTE / 60
    return TEXT.format(
        users=USERS,
        a_minute=EVENTS_A_MINUTE,
        load=load,
        share=load / one,
        two=events.ratio("ours_2", "ours_1"),
        insert=events.median("insert"),
        insert_share=events.ratio("insert", "ours_1"),
        xadd=events.median("xadd"),
        single=events.median("xadd_single"),
        ours_2=events.median("ours_2"),
        tickets=tickets,
        a_day=tickets * SECONDS_A_DAY / 1e6,
    )
