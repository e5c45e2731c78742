"""Free ports on the loopback address."""

import random
import socket

from worker.embedded.errors import StackError

HOST = "127.0.0.1"
# Below the range that outgoing connections take their ports from (32768 and up on Linux), so that a part finds its
# port free again when it is restarted.
CHOICE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on.

    :raises StackError: there is none
    """
    for port in random.sample(CHOICE, 200):
        if is_free(port):
            return port
    raise StackError(f"found no free port on {HOST} between {CHOICE.start} and {CHOICE.stop}: stop other servers first")


def chosen_port(wanted: int | None, what: str) -> int:
    """The wanted port, or any free one.

    :raises StackError: the wanted port is in use
    """
    if wanted is None:
        return free_port()
    if not is_free(wanted):
        raise StackError(f"{what}: port {wanted} on {HOST} is in use: choose another, or leave it out for a free one")
    return wanted
