"""A sender as a process of its own: `python -m tests.tasks.delivery.sender` sends until nothing is due."""

from config.settings import get_settings
from tasks.delivery.deliver import deliver
from tasks.mail import sender_of

if __name__ == "__main__":
    print("begins", flush=True)
    while deliver(sender_of(get_settings()), urgent_only=False):
        print("goes on", flush=True)
    print("ends", flush=True)
