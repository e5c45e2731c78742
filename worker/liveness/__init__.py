"""The liveness monitor: a thread in each worker and in beat that notices what no longer works and raises the alarm.

A sweep cannot report that sweeps have stopped, so every process that still runs watches all of the others.
"""
