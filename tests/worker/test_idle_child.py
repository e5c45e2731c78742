"""What another thread may find of a worker whose loop loses its connection at that moment."""

from types import SimpleNamespace

from worker.idle_child import IdleChild


class LosingConsumer:
    """As Celery's is while its connection ends: what takes tasks is there when it is asked for, and gone then."""

    hub = object()

    def __init__(self) -> None:
        self._left = [SimpleNamespace(consuming_from=lambda _: True)]

    @property
    def task_consumer(self) -> SimpleNamespace | None:
        return self._left.pop() if self._left else None


def test_a_connection_that_is_lost_meanwhile_ends_no_doorbell() -> None:
    worker = SimpleNamespace(consumer=LosingConsumer(), pool=SimpleNamespace(num_processes=1))
    child = IdleChild(worker)
    assert child.may_start("drain_events")
    assert not child.may_start("drain_events")
