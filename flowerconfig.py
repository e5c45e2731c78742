"""Flower's settings; it reads this file from where it is started. Without a login it does not start."""

from config.settings import get_settings

settings = get_settings()

if not settings.flower_user or not settings.flower_password:
    raise SystemExit(
        "Flower does not start without a login, since its pages would be open to everyone.\n"
        "Set FLOWER_USER and FLOWER_PASSWORD (or FLOWER_PASSWORD_FILE)."
    )

basic_auth = [f"{settings.flower_user}:{settings.flower_password.get_secret_value()}"]
address = settings.flower_address
port = settings.flower_port
read_only = settings.flower_read_only
natural_time = True
max_tasks = 2_000
