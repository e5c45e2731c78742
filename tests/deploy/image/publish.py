"""In a container of the image: publishes one event and prints the seconds until the mail of its ticket was accepted."""

import time
import uuid
from datetime import UTC, datetime

from sqlalchemy import create_engine, text

from config.settings import get_settings
from escalation_client import MessageAdded, Publisher

SECONDS = 200
ACCEPTED = text("""
    SELECT count(*) FROM escalation.mails JOIN escalation.mail_recipients USING (mail_id)
    WHERE session_id = :session AND state = 'accepted'
""")
settings = get_settings()
url = settings.database_url.get_secret_value().replace("postgresql://", "postgresql+psycopg2://", 1)
engine = create_engine(url, isolation_level="AUTOCOMMIT")
session = str(uuid.uuid4())
event = MessageAdded(
    id=uuid.uuid4(),
    session_id=session,
    message_id=str(uuid.uuid4()),
    sender="user",
    occurred_at=datetime.now(UTC),
    content="There is smoke coming out of the cabinet",
)
began = time.monotonic()
Publisher(settings.redis_url.get_secret_value()).publish(event)
with engine.connect() as connection:
    while not connection.execute(ACCEPTED, {"session": session}).scalar_one():
        if time.monotonic() - began > SECONDS:
            raise SystemExit(f"no mail was accepted within {SECONDS} s")
        time.sleep(0.02)
print(round(time.monotonic() - began, 2))
