#!/bin/sh
# The health check of a container: reads what the program last wrote to LIVENESS_FILE, which costs next to nothing.
# Exit code 1: it is ill, and its words say how. `python -m worker health …` looks deeper and is for people.
#
# The file holds one line: the process, the seconds since the machine's start, and how it is (worker/liveness).
# A program that has stopped working ends itself. One that is frozen as a whole cannot, so it is ended here; whoever
# started it starts it again. In a container that needs `init: true`: nobody inside can end process 1.
# With --alive only silence counts and nothing is ended: a probe of Kubernetes, which ends the program itself.

ILL_SECONDS=30
FROZEN_SECONDS=60
# Twice as long as a program pauses between two lines: one that has just been thawed has time to write again.
SECOND_LOOK_SECONDS=10

look() {
    if ! read -r process written state <"$LIVENESS_FILE"; then
        echo "$LIVENESS_FILE: nothing is written yet" >&2
        exit 1
    fi
    read -r now _ </proc/uptime
    silent=$((${now%%.*} - written))
}

look
if ! kill -0 "$process" 2>/dev/null; then
    echo "process $process is gone" >&2
    exit 1
fi
if [ "$silent" -gt "$FROZEN_SECONDS" ] && [ "$1" != --alive ]; then
    sleep "$SECOND_LOOK_SECONDS"
    look
    if [ "$silent" -gt "$FROZEN_SECONDS" ]; then
        echo "process $process has been silent for $silent s and is ended" >&2
        kill -KILL "$process"
        exit 1
    fi
fi
if [ "$silent" -gt "$ILL_SECONDS" ]; then
    echo "silent for $silent s" >&2
    exit 1
fi
echo "$state"
[ "$state" = well ] || [ "$1" = --alive ]
