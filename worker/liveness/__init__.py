"""The watchman: a thread in each worker and in beat that sees what has fallen silent and posts it.

A sweep can tell nobody that sweeps have ended: beat, a worker, Redis and PostgreSQL are watched by whatever still runs.
"""
