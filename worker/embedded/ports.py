"""Ports on the loopback address, kept free for the part that is going to listen there."""

import random
import socket
import sys
import weakref

from worker.embedded.errors import StackError

HOST = "127.0.0.1"
# Below the range that outgoing connections take their ports from (32768 and up on Linux), so that a part finds its
# port free again when it is restarted.
_CHOICE = range(20_000, 32_000)
_TRIES = 200


class Port:
    """The wanted port, or a free one; on Linux no other stack chooses it as long as this object lives.

    :raises StackError: the wanted port is in use, or none is free
    """

    def __init__(self, wanted: int | None, what: str) -> None:
        reserved = _bound(wanted, shared=True) if wanted else _any_free()
        if reserved is None:
            raise StackError(
                f"{what}: port {wanted} on {HOST} is in use: choose another, or leave it out for a free one"
                if wanted
                else f"{what}: no free port on {HOST} between {_CHOICE.start} and {_CHOICE.stop}: stop other servers"
            )
        self.number: int = reserved.getsockname()[1]
        if sys.platform == "linux":
            # Linux lets a server listen beside a socket that is only bound, if both say SO_REUSEADDR (socket(7)).
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            weakref.finalize(self, reserved.close)
        else:
            reserved.close()


def is_free(port: int) -> bool:
    """Whether nobody listens there now."""
    reserved = _bound(port, shared=True)
    if reserved:
        reserved.close()
    return reserved is not None


def _any_free() -> socket.socket | None:
    found = (_bound(port, shared=False) for port in random.sample(_CHOICE, _TRIES))
    return next((reserved for reserved in found if reserved), None)


def _bound(port: int, *, shared: bool) -> socket.socket | None:
    """A socket on the port; `shared` tolerates what others have bound or just closed, but nobody who listens."""
    reserved = socket.socket()
    if shared:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((HOST, port))
    except OSError:
        reserved.close()
        return None
    return reserved
