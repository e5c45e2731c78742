"""Each program watches itself: what has stopped working ends, since only what has ended is started again.

A thread looks every few seconds when each part of its program last worked, tells systemd and the container's health
check (worker/health.sh), and ends the program when a part has been silent for longer than any honest work takes.
"""
