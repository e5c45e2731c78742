"""The whole docker-compose.yml at work under a real engine."""

import signal

import pytest

from tests.deploy.image.stack import OURS, SERVERS, Stack

pytestmark = [pytest.mark.image, pytest.mark.debian("root", "mount-namespaces", "debootstrap")]

IDLE_SECONDS = 120
# Of one core, of all our programs with their health checks.
MOST_CPU = 0.06
MOST_LOG_BYTES_A_DAY = 5e6
HEALTH_CPU_SECONDS = 0.05
DAY = 86_400
WHO = "grep -E '^(Uid|Gid|CapEff|CapBnd|NoNewPrivs)' /proc/1/status; touch /app/x; touch /tmp/x && echo written"
VISITS = """
import urllib.request, urllib.error, collections
counts = collections.Counter()
for visitor in range(75):
    forwarded = {"X-Forwarded-For": f"198.51.100.{visitor}"}
    request = urllib.request.Request("http://127.0.0.1:8090/t/nothing", headers=forwarded)
    try:
        urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        counts[error.code] += 1
print(dict(counts))
"""


def http(stack: Stack, *options: str) -> str:
    return stack.engine.inside("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *options).stdout


def test_every_service_is_healthy_and_an_event_becomes_a_mail(stack: Stack) -> None:
    assert stack.publish() < 10
    for service in OURS:
        assert stack.is_healthy(service)
        assert stack.restarts(service) == 0


@pytest.mark.parametrize("service", OURS)
def test_a_program_is_nobody_can_nothing_and_writes_nowhere(stack: Stack, service: str) -> None:
    shown = stack.compose("exec", "-T", service, "sh", "-c", WHO)
    assert "Uid:\t10001\t10001\t10001\t10001" in shown
    assert "Gid:\t10001\t10001\t10001\t10001" in shown
    assert "CapEff:\t0000000000000000" in shown
    assert "CapBnd:\t0000000000000000" in shown
    assert "NoNewPrivs:\t1" in shown
    assert "written" in shown


@pytest.mark.parametrize("service", SERVERS)
def test_a_server_is_not_root_and_can_nothing(stack: Stack, service: str) -> None:
    shown = stack.compose("exec", "-T", service, "grep", "-E", "^(Uid|CapEff|CapBnd)", "/proc/1/status")
    assert "Uid:\t0" not in shown
    assert "CapBnd:\t0000000000000000" in shown


def test_secrets_are_read_by_our_group_and_by_nobody_else(stack: Stack) -> None:
    shown = stack.compose("exec", "-T", "worker", "sh", "-c", "stat -c '%a %u %g' /run/secrets/*")
    assert set(shown.splitlines()) == {"440 0 10001"}


def test_flower_asks_for_its_login(stack: Stack) -> None:
    password = (stack.checkout / "secrets" / "flower_password").read_text(encoding="utf-8").strip()
    assert http(stack, "http://127.0.0.1:5555/") == "401"
    assert http(stack, "-u", f"oncall:{password}", "http://127.0.0.1:5555/") == "200"


def test_visitors_behind_a_proxy_are_told_apart_and_strangers_are_not_believed(stack: Stack) -> None:
    through_the_proxy = stack.engine.inside("python3", "-c", VISITS).stdout
    assert through_the_proxy.strip() == "{404: 75}"
    # From another container, which is no proxy of ours.
    network = VISITS.replace("127.0.0.1:8090", "desk:8090")
    assert "429" in stack.python("exporter", network)


def test_an_idle_stack_costs_little_and_says_little(stack: Stack) -> None:
    all_of_it = (*OURS, *SERVERS)
    before = {one: (stack.cpu_seconds(one), stack.log_bytes(one)) for one in all_of_it}
    stack.pass_time(IDLE_SECONDS)
    cpu = {one: (stack.cpu_seconds(one) - before[one][0]) / IDLE_SECONDS for one in all_of_it}
    logs = {one: (stack.log_bytes(one) - before[one][1]) * DAY / IDLE_SECONDS for one in all_of_it}
    print("CPU:", cpu, "log bytes a day:", logs)
    assert sum(cpu[one] for one in OURS) < MOST_CPU, cpu
    assert max(logs.values()) < MOST_LOG_BYTES_A_DAY, logs


def test_a_health_check_costs_next_to_nothing(stack: Stack) -> None:
    before = stack.cpu_seconds("desk")
    for _ in range(20):
        stack.compose("exec", "-T", "desk", "sh", "worker/health.sh")
    # With what the program itself did meanwhile, and with what `exec` costs inside.
    assert (stack.cpu_seconds("desk") - before) / 20 < HEALTH_CPU_SECONDS


@pytest.mark.parametrize("service", ["worker", "mailer"])
def test_who_is_killed_comes_back_and_the_work_goes_on(stack: Stack, service: str) -> None:
    restarts = stack.restarts(service)
    stack.signal("KILL", stack.program(service))
    stack.wait(lambda: stack.restarts(service) == restarts + 1, "its start")
    assert stack.publish() < 60


def test_a_frozen_program_and_frozen_children_come_back(stack: Stack) -> None:
    restarts = {one: stack.restarts(one) for one in ("worker", "beat", "desk")}
    mailer = stack.program("mailer")
    children = stack.children("mailer")
    for pid in [stack.program(one) for one in restarts] + children:
        stack.signal("STOP", pid)
    for one, before in restarts.items():
        stack.wait(lambda one=one, before=before: stack.restarts(one) == before + 1, f"the end of {one}")
        stack.wait(lambda one=one: stack.is_healthy(one), f"health of {one}")
    stack.wait(lambda: not set(children) & set(stack.processes("mailer")), "new children")
    assert stack.program("mailer") == mailer
    assert stack.publish() < 60


def test_a_migration_that_fails_stops_nothing_and_says_what_to_do(stack: Stack) -> None:
    before = {one: stack.inspect(one)["Id"] for one in OURS}
    wrong = "DATABASE_URL=postgresql://nobody@nowhere.invalid/abparts"
    failed = stack.engine.inside(
        "docker", "compose", "run", "--rm", "--no-deps", "--env", wrong, "migrate",
        "worker", "db", "migrate", "--wait", "5", cwd=stack.checkout,
    )  # fmt: skip
    assert failed.returncode == 1
    assert "DATABASE_URL" in (failed.stdout + failed.stderr).strip().splitlines()[-1]
    assert {one: stack.inspect(one)["Id"] for one in OURS} == before
    assert all(stack.is_healthy(one) for one in OURS)


def test_a_changed_secret_is_taken_up_when_its_label_says_so(stack: Stack) -> None:
    before = stack.inspect("flower")["Id"]
    stack.compose("up", "--detach", "--no-build")
    assert stack.inspect("flower")["Id"] == before
    with (stack.checkout / ".env").open("a", encoding="utf-8") as dotenv:
        dotenv.write("SECRETS_HASH=0123456789abcdef\n")
    (stack.checkout / "secrets" / "flower_password").write_text("another", encoding="utf-8")
    stack.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180", "flower")
    assert stack.inspect("flower")["Id"] != before
    assert http(stack, "-u", "oncall:another", "http://127.0.0.1:5555/") == "200"


def test_the_version_before_comes_back_by_its_name(stack: Stack) -> None:
    stack.engine.docker("tag", "escalation-worker:latest", "escalation-worker:before")
    up = ("docker", "compose", "up", "--detach", "--no-build", "--no-deps", "--wait", "exporter")
    assert stack.engine.inside("env", "VERSION=before", *up, cwd=stack.checkout).returncode == 0
    assert stack.inspect("exporter")["Config"]["Image"] == "escalation-worker:before"
    assert stack.engine.inside(*up, cwd=stack.checkout).returncode == 0


def test_flower_without_a_password_says_so_once_and_waits(stack: Stack) -> None:
    password = stack.checkout / "secrets" / "flower_password"
    password.write_text("", encoding="utf-8")
    stack.compose("restart", "flower")
    restarts = stack.restarts("flower")
    stack.wait(lambda: "waits for FLOWER_USER" in stack.health("flower"), "its words")
    assert stack.restarts("flower") == restarts
    password.write_text("third", encoding="utf-8")
    stack.wait(lambda: stack.is_healthy("flower"), "its health")
    assert stack.compose("logs", "flower").count("flower_waits_for_a_login") == 1
    assert http(stack, "-u", "oncall:third", "http://127.0.0.1:5555/") == "200"


def test_logs_are_json_and_rotate_and_redis_keeps_below_its_memory(stack: Stack) -> None:
    for service in OURS:
        config = stack.inspect(service)["HostConfig"]["LogConfig"]
        assert config == {"Type": "json-file", "Config": {"max-file": "5", "max-size": "10m"}}
    lines = stack.engine.docker("logs", "--tail", "20", "escalation-worker-flower-1").splitlines()
    assert lines
    assert [line for line in lines if line.strip() and not line.startswith("{")] == []
    limit = stack.inspect("escalation-redis")["HostConfig"]["Memory"]
    secret = "REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli config get maxmemory"
    shown = stack.compose("exec", "-T", "escalation-redis", "sh", "-c", secret)
    assert 0 < int(shown.split()[-1]) <= limit / 2


def test_every_service_ends_in_order(stack: Stack) -> None:
    stack.compose("stop")
    for service in OURS:
        state = stack.inspect(service)["State"]
        assert state["ExitCode"] in {0, 128 + signal.SIGTERM}, (service, state)
        assert not state["OOMKilled"]
