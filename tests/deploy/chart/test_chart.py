"""The chart of deploy/helm, rendered by Helm and checked against Kubernetes' own schemas. No cluster runs it here."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from tests.deploy.compose import ROOT, our_services

pytestmark = pytest.mark.long

CHART = ROOT / "deploy" / "helm" / "escalation-worker"
HERE = Path(__file__).parent
ENVIRONMENT = ROOT / "var" / "tests" / "chart"
LEAST: dict[str, Any] = {"contacts": "[[people]]", "settings": {"SUPPORT_EMAIL": "support@house.test"}}
ALL: dict[str, Any] = {
    **LEAST,
    "image": {"digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "secret": {"external": {"store": "vault"}},
    "programs": {"desk": {"enabled": True}},
    "ingress": {"enabled": True, "host": "tickets.house.test", "className": "nginx", "tlsSecret": "tls"},
    "serviceMonitor": {"enabled": True},
    "podAnnotations": {"example.test/note": "x"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "x", "operator": "Exists"}],
}
# What is made by other makers' objects, whose schema Kubernetes does not have.
FOREIGN = {"ExternalSecret", "ServiceMonitor", "ScaledObject"}
Rendered = dict[str, Any]


@pytest.fixture(scope="session")
def python() -> Path:
    """An environment with Helm and the schemas; made anew when their versions change."""
    python, installed = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed.txt"
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8")
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(HERE / "requirements.txt")]
        subprocess.run(pip, check=True)
        installed.write_text(wanted, encoding="utf-8")
    return python


def render(python: Path, values: dict[str, Any]) -> Rendered:
    command = [str(python), str(HERE / "render.py"), str(CHART), json.dumps(values)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found: Rendered = json.loads(result.stdout)
    return found


@pytest.fixture(scope="session")
def everything(python: Path) -> Rendered:
    return render(python, ALL)


def of_kind(rendered: Rendered, kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in rendered["objects"] if one["kind"] == kind}


def pods(rendered: Rendered) -> Iterator[dict[str, Any]]:
    for kind in ("Deployment", "Job"):
        yield from (one["spec"]["template"]["spec"] for one in of_kind(rendered, kind).values())


@pytest.mark.parametrize("by", ["", "keda", "hpa"])
@pytest.mark.parametrize("values", [LEAST, ALL], ids=["least", "all"])
def test_every_object_is_as_kubernetes_wants_it(python: Path, values: dict[str, Any], by: str) -> None:
    rendered = render(python, {**values, "autoscaling": {"by": by}})
    assert rendered["wrong"] == []
    assert rendered["lint"] == []
    assert set(rendered["without_schema"]) <= FOREIGN
    assert len(of_kind(rendered, "ScaledObject")) == (by == "keda")
    assert len(of_kind(rendered, "HorizontalPodAutoscaler")) == (by == "hpa")
    worker = of_kind(rendered, "Deployment")["escalation-worker"]
    # Who scales sets the number; an upgrade must not.
    assert ("replicas" in worker["spec"]) == (by == "")


def test_it_runs_what_docker_compose_runs(everything: Rendered) -> None:
    deployments = of_kind(everything, "Deployment")
    services = {name: one for name, one in our_services().items() if name != "migrate"}
    assert set(deployments) == {f"escalation-{name}" for name in services}
    for name, service in services.items():
        pod = deployments[f"escalation-{name}"]["spec"]["template"]["spec"]
        assert pod["containers"][0]["args"] == service["command"]
        assert pod["terminationGracePeriodSeconds"] == int(service.get("stop_grace_period", "10s").removesuffix("s"))
        assert pod["containers"][0]["livenessProbe"]["exec"]["command"] == ["sh", "worker/health.sh", "--alive"]
    assert (
        of_kind(everything, "Job")["escalation-migrate"]["spec"]["template"]["spec"]["containers"][0]["args"]
        == (our_services()["migrate"]["command"])
    )


def test_each_variable_is_a_setting(everything: Rendered) -> None:
    settings = {name.upper() for name in Settings.model_fields}
    for pod in pods(everything):
        names = [variable["name"] for variable in pod["containers"][0]["env"]]
        assert {name for name in names if name not in settings and name.removesuffix("_FILE") not in settings} == set()
        assert len(names) == len(set(names))


def test_nobody_is_root_and_no_secret_is_in_the_environment(everything: Rendered) -> None:
    for pod in pods(everything):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["runAsGroup"] == 10_001
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert all("valueFrom" not in variable for variable in container["env"])


def test_the_database_is_prepared_before_an_upgrade_and_a_failure_ends_it(everything: Rendered) -> None:
    job = of_kind(everything, "Job")["escalation-migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,pre-upgrade"
    assert job["spec"]["backoffLimit"] == 2
    assert job["spec"]["activeDeadlineSeconds"] == 3 * 360
    # The first time its contacts are there, but it does not need them.
    volumes = {one["name"]: one for one in job["spec"]["template"]["spec"]["volumes"]}
    assert volumes["contacts"]["configMap"]["optional"] is True


def test_there_is_one_beat_and_never_two_by_an_update(everything: Rendered) -> None:
    spec = of_kind(everything, "Deployment")["escalation-beat"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_only_who_has_a_page_is_reached(everything: Rendered) -> None:
    policies = of_kind(everything, "NetworkPolicy")
    assert set(policies) == set(of_kind(everything, "Deployment"))
    reached = {name for name, one in policies.items() if one["spec"].get("ingress")}
    assert reached == set(of_kind(everything, "Service"))
    assert all(one["spec"]["policyTypes"] == ["Ingress", "Egress"] for one in policies.values())


def test_who_has_two_of_a_kind_keeps_one_while_a_node_is_drained(everything: Rendered) -> None:
    budgets = of_kind(everything, "PodDisruptionBudget")
    assert set(budgets) == {"escalation-worker", "escalation-mailer", "escalation-desk"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "contacts: who is reached has to be given"),
        ({**LEAST, "autoscaling": {"by": "magic"}}, 'autoscaling.by: is "magic", should be keda, hpa or empty'),
        ({**LEAST, "ingress": {"enabled": True}}, "ingress.host: has to be given"),
    ],
)
def test_what_is_wrong_is_refused_in_words(python: Path, values: dict[str, Any], words: str) -> None:
    assert words in render(python, values)["refused"]


def test_every_value_is_one_that_a_template_uses() -> None:
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    templates = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    assert {name for name in values if f".Values.{name}" not in templates} == set()
