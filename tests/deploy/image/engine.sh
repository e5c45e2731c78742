#!/bin/bash
# A real Docker engine that touches nothing of this machine: in mount, PID, IPC, UTS and (unless "build") network
# namespaces of its own.
#   engine.sh start run|build     engine.sh stop     engine.sh exec COMMAND…   (inside, where `docker` finds the daemon)
# build: the network of this machine (for pip), no bridge, no iptables. run: a network of its own, with bridge and DNS.
set -euo pipefail
ROOT=${ENGINE_ROOT:?}                # a Debian with docker.io
WORK=${ENGINE_WORK:?}                # seen at the same path inside
HERE=$(cd "$(dirname "$0")" && pwd)
STATE=$WORK/engine
mkdir -p "$STATE"

inner() {
    mount --make-rprivate /
    mount --bind "$ROOT" "$ROOT"
    mount -t proc proc "$ROOT/proc"
    # dockerd would raise the kernel's limits of keys for the whole machine.
    mount --bind "$ROOT/proc/sys/kernel" "$ROOT/proc/sys/kernel"
    mount -o remount,bind,ro "$ROOT/proc/sys/kernel"
    if [ "$1" = run ]; then
        mount -t sysfs sysfs "$ROOT/sys"
        mount --rbind /sys/fs/cgroup "$ROOT/sys/fs/cgroup"
    else
        mount --rbind /sys "$ROOT/sys"
    fi
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs tmpfs "$ROOT/run"
    mkdir -p "$ROOT$WORK" "$ROOT/var/lib/docker" "$STATE/data"
    mount --bind "$WORK" "$ROOT$WORK"
    mount --bind "$STATE/data" "$ROOT/var/lib/docker"
    cp "$HERE/nxdomain.py" "$ROOT/nxdomain.py"
    cp /etc/hosts "$ROOT/etc/hosts"
    cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
    cd "$ROOT"
    mkdir -p .old
    pivot_root . .old
    umount -l /.old
    options=(--cgroup-parent=/image-test --init-path=/usr/bin/tini-static)
    if [ "$1" = run ]; then
        ip link set lo up
        options+=(--dns 172.17.0.1)
        {
            until ip addr show docker0 2>/dev/null | grep -q 172.17.0.1; do sleep 0.1; done
            exec python3 /nxdomain.py 172.17.0.1
        } &
    else
        options+=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false)
    fi
    exec dockerd "${options[@]}" >>"$STATE/dockerd.log" 2>&1
}

start() {
    spaces=(--mount --pid --ipc --uts --fork --kill-child)
    [ "$1" = run ] && spaces+=(--net)
    setsid unshare "${spaces[@]}" "$0" inner "$1" </dev/null >>"$STATE/dockerd.log" 2>&1 &
    parent=$!
    echo "$parent" >"$STATE/parent"
    for _ in $(seq 300); do
        sleep 0.2
        child=$(tr -d ' ' <"/proc/$parent/task/$parent/children" 2>/dev/null) || true
        [ -n "${child:-}" ] && echo "$child" >"$STATE/pid" && "$0" exec docker info >/dev/null 2>&1 && exit 0
    done
    kill "$parent" 2>/dev/null || true
    tail -20 "$STATE/dockerd.log" >&2
    exit 1
}

run_inside() {
    pid=$(cat "$STATE/pid")
    spaces=(-m -p -i -u)
    [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ] && spaces+=(-n)
    exec nsenter -t "$pid" "${spaces[@]}" -w"$PWD" -- "$@"
}

stop() {
    kill -TERM "$(cat "$STATE/pid")" 2>/dev/null || exit 0
    for _ in $(seq 900); do
        kill -0 "$(cat "$STATE/parent")" 2>/dev/null || exit 0
        sleep 0.2
    done
    exit 1
}

case $1 in
    start) start "$2" ;;
    inner) inner "$2" ;;
    exec) shift; run_inside "$@" ;;
    stop) stop ;;
esac
