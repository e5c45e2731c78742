"""Flower's settings; it reads this file from where it is started. Without a login it does not start."""

import hmac
from types import SimpleNamespace

from flower import views
from flower.utils.broker import RedisSentinel
from tornado.options import options

from config.logging import configure_logging
from config.settings import get_settings
from escalation_client.connection import connect_async
from worker.liveness.program.page import watch_page
from worker.local_http import why_nothing_can_listen
from worker.login_of_flower import login_of_flower

# Before Tornado's own, which takes what it finds.
configure_logging(get_settings())
user, password = login_of_flower()
settings = get_settings()

# As the command line has it, which Flower reads before this file and wins over it.
place = options.address or settings.flower_address, options.port
if not options.unix_socket and (reason := why_nothing_can_listen(*place)):
    raise SystemExit(
        f"Flower does not start: at {place[0]}, port {place[1]}, nothing can listen ({reason}).\n"
        f"Set FLOWER_PORT to another port, or end what listens there (ss -ltnp 'sport = :{place[1]}' names it)."
    )

# Port 0 is any free one, which is known only later.
if not options.unix_socket and options.port:
    watch_page(*place, "/healthcheck")

# Flower compares logins as texts, and `hmac.compare_digest` refuses texts beyond ASCII: each login would be a 500.
views.hmac = SimpleNamespace(compare_digest=lambda stored, given: hmac.compare_digest(stored.encode(), given.encode()))
# Flower asks the first of the Sentinels alone, and always reads database 0.
RedisSentinel._get_redis_client = lambda *_: connect_async(settings.redis_url.get_secret_value(), 1.0, 2.0)
basic_auth = [f"{user}:{password}"]
address = settings.flower_address
port = settings.flower_port
read_only = settings.flower_read_only
natural_time = True
max_tasks = 2_000
