"""What ends a drain's batch in Redis, sent ahead of its answers: turn, hints and acknowledgement in one round trip."""

from collections.abc import Sequence
from typing import Any, cast

from services.events.rings import Ring, Turn, add_rings, add_turn
from services.events.stream import GROUP, EventStream


class Finishing:
    """The turn or its hint, then hints, and only then the acknowledgement, on their way in one round trip.

    Nobody waits for the answers before `is_turn` is asked, which may be once.
    """

    def __init__(self, stream: EventStream, entry_ids: Sequence[str], rings: Sequence[Ring], turn: Turn) -> None:
        """Send it all.

        :raises redis.exceptions.RedisError: it could not be sent
        """
        with stream.redis.pipeline(transaction=False) as pipeline:
            add_turn(pipeline, turn, stream.name)
            add_rings(pipeline, rings)
            pipeline.xack(stream.name, GROUP, *entry_ids)
            commands = [arguments for arguments, _ in pipeline.command_stack]
        # Half of it has types only.
        self._pool = cast("Any", stream.redis.connection_pool)
        self._unread = len(commands)
        self._connection = self._pool.get_connection()
        try:
            self._connection.send_packed_command(self._connection.pack_commands(commands))
        except BaseException:
            self.close()
            raise

    def is_turn(self) -> bool:
        """Wait until all of it is done; whether the turn is taken.

        :raises redis.exceptions.RedisError: some of it was not done
        """
        answers = []
        try:
            while self._unread:
                answers.append(self._connection.read_response())
                self._unread -= 1
        finally:
            self.close()
        return bool(answers[0])

    def close(self) -> None:
        """Give the connection back; one on which answers are to come serves nobody else."""
        if self._unread:
            self._connection.disconnect()
        self._pool.release(self._connection)
