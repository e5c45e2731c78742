"""Ticket numbers AB-YYYYMMDD-NNNN: gapless among ours, whatever else writes to the same table."""

from sqlalchemy import Connection, text

TAKE = text("""
    UPDATE escalation.ticket_counters SET last = last + :count
    WHERE day = (now() AT TIME ZONE :zone)::date
    RETURNING to_char(day, 'YYYYMMDD') AS day, last - :count AS before
""")
# Both are upserts in effect: the day's row may be there already (a number was taken by somebody else), or be made by
# another transaction while this one waits for it.
CATCH_UP = text("""
    INSERT INTO escalation.ticket_counters (day, last)
    SELECT today.day, coalesce(max(CAST(substring(ticket_number FROM '^AB-[0-9]{8}-([0-9]{1,9})$') AS integer)), 0)
    FROM (SELECT (now() AT TIME ZONE :zone)::date AS day) AS today
    LEFT JOIN public.support_tickets
        ON ticket_number LIKE 'AB-' || to_char(today.day, 'YYYYMMDD') || '-%'
    GROUP BY today.day
    ON CONFLICT (day) DO UPDATE SET last = greatest(ticket_counters.last, excluded.last)
""")


def take_numbers(connection: Connection, count: int, zone: str) -> list[str]:
    """The next `count` numbers of today, by PostgreSQL's clock in this time zone.

    Call it last: the counter's row is held until the commit. Numbers have four digits, more when a day needs them.
    """
    row = connection.execute(TAKE, {"count": count, "zone": zone}).one_or_none()
    if row is None:
        catch_up(connection, zone)
        row = connection.execute(TAKE, {"count": count, "zone": zone}).one()
    return [f"AB-{row.day}-{number:04d}" for number in range(row.before + 1, row.before + count + 1)]


def catch_up(connection: Connection, zone: str) -> None:
    """Start the day's counter after the highest number that is there already, whoever wrote it."""
    connection.execute(CATCH_UP, {"zone": zone})
