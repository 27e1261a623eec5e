"""Two replicas in Kubernetes, within its strictest standard, and the tables changed before them."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from bot import http
from bot.settings import Settings
from domain import outbox
from tests.deployment.files import (
    KUBERNETES,
    ROOT,
    WORKFLOWS,
    compose,
    image_environment,
    manifest,
    read,
    seconds,
    the,
    words,
)

DEPLOYMENT, JOB = manifest("Deployment"), manifest("Job")
PODS: dict[str, dict[str, Any]] = {each["kind"]: each["spec"]["template"] for each in (DEPLOYMENT, JOB)}
SETTINGS = set(map(str.upper, Settings.model_fields))


def container(kind: str) -> dict[str, Any]:
    [found] = PODS[kind]["spec"]["containers"]
    return dict(found)


def labels(kind: str) -> set[tuple[str, str]]:
    return set(PODS[kind]["metadata"]["labels"].items())


def test_there_are_two_and_one_more_while_the_version_changes() -> None:
    spec = DEPLOYMENT["spec"]

    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert manifest("PodDisruptionBudget")["spec"]["minAvailable"] == 1
    [spread] = PODS["Deployment"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"


@pytest.mark.parametrize("kind", PODS)
def test_the_strictest_pod_security_standard_lets_it_run(kind: str) -> None:
    pod, own = PODS[kind]["spec"], container(kind)["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert own["readOnlyRootFilesystem"] is True
    assert pod["automountServiceAccountToken"] is False
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert [set(volume) - {"name"} for volume in pod["volumes"]] == [{"emptyDir"}]


@pytest.mark.parametrize("kind", PODS)
def test_it_is_the_image_s_user_and_writes_where_the_image_does(kind: str) -> None:
    context = PODS[kind]["spec"]["securityContext"]

    assert f"{context['runAsUser']}:{context['runAsGroup']}" == the("USER")
    assert [mount["mountPath"] for mount in container(kind)["volumeMounts"]] == [image_environment()["HOME"]]
    assert {"requests", "limits"} <= set(container(kind)["resources"])


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy"])
def test_each_selects_the_bot(kind: str) -> None:
    spec = manifest(kind)["spec"]
    selector = spec["selector"] if kind != "NetworkPolicy" else spec["podSelector"]

    assert set(selector.get("matchLabels", selector).items()) <= labels("Deployment")


def test_the_migration_gets_no_requests() -> None:
    assert not set(manifest("Service")["spec"]["selector"].items()) <= labels("Job")


def test_it_is_asked_where_it_answers() -> None:
    bot = container("Deployment")
    probes = {name: bot[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    [port] = bot["ports"]

    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/readyz", "livenessProbe": "/healthz", "readinessProbe": "/healthz",
    }  # fmt: skip
    waits = bot["startupProbe"]
    assert waits["periodSeconds"] * waits["failureThreshold"] >= 180
    assert waits["timeoutSeconds"] > http.READY_WITHIN_S
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert str(port["containerPort"]) == manifest("ConfigMap")["data"]["PORT"] == the("EXPOSE")
    [served] = manifest("Service")["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    [rule] = manifest("NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for each in rule["ports"]] == [port["containerPort"]]
    annotations = PODS["Deployment"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == the("EXPOSE")


def test_outsiders_reach_what_they_reach_through_traefik() -> None:
    [rule] = manifest("Ingress")["spec"]["rules"]
    prefixes = re.findall(
        r"PathPrefix\(`(.*?)/`\)", read("deploy/traefik/routes.yml")["http"]["routers"]["bot"]["rule"]
    )

    assert [path["path"] for path in rule["http"]["paths"]] == prefixes
    assert {path["backend"]["service"]["name"] for path in rule["http"]["paths"]} == {
        manifest("Service")["metadata"]["name"]
    }


def test_a_stop_leaves_time_for_what_is_on_its_way() -> None:
    grace = PODS["Deployment"]["spec"]["terminationGracePeriodSeconds"]
    waits = int(container("Deployment")["lifecycle"]["preStop"]["exec"]["command"][-1])

    assert grace - waits >= outbox.LEASE.total_seconds()
    assert grace == seconds(compose()["services"]["bot"]["stop_grace_period"])


def test_every_setting_has_its_place_and_secrets_theirs() -> None:
    """A new setting goes into base/configuration.yaml, or into secret.example.yaml if it is one."""
    plain, secret = set(manifest("ConfigMap")["data"]), set(manifest("Secret")["stringData"])

    assert plain & secret == set()
    assert plain | secret == SETTINGS
    hidden = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert hidden | {"DATABASE_URL"} <= secret


def test_the_migration_knows_the_database_and_no_token() -> None:
    assert {each["name"] for each in container("Job")["env"]} == {"DATABASE_URL", "LOG_FORMAT"}
    assert "envFrom" not in container("Job")
    assert (container("Job")["args"], container("Deployment")["args"]) == (["migrate"], words("CMD"))
    [named] = [each["valueFrom"]["secretKeyRef"] for each in container("Job")["env"] if "valueFrom" in each]
    assert named["name"] == manifest("Secret")["metadata"]["name"]
    assert [next(iter(each.values()))["name"] for each in container("Deployment")["envFrom"]] == [
        manifest("ConfigMap")["metadata"]["name"], manifest("Secret")["metadata"]["name"],
    ]  # fmt: skip


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_an_image_of_ones_own_takes_the_place_of_the_name() -> None:
    for folder, count in (("base", 1), ("http", 1), ("migration", 1)):
        command = [str(KUBERNETES / "with-image"), folder, "example/tracker@sha256:12"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.count("image: example/tracker@sha256:12\n") == count
        assert "image: incident-tracker\n" not in done.stdout


def test_a_name_that_is_no_image_s_is_refused() -> None:
    command = [str(KUBERNETES / "with-image"), "base", "a|e touch /tmp/b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 2
    assert "is no image's name" in done.stderr


def steps(workflow: str) -> list[dict[str, Any]]:
    return [step for job in read(f".github/workflows/{workflow}.yml")["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_read_and_use_what_is_pinned(path: Any) -> None:
    loaded = read(path)
    used = [step["uses"] for step in steps(path.stem) if "uses" in step]
    used += [job["uses"] for job in loaded["jobs"].values() if "uses" in job]

    assert loaded["permissions"] == {"contents": "read"}
    assert "concurrency" in loaded
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w/-]+@(v\d+|[0-9a-f]{40})|\./\.github/.*", name)] == []
    assert not re.search(r"run:.*\$\{\{ *(github\.(event|head_ref)|inputs)", path.read_text("utf8"))


def test_each_supported_python_is_checked_by_what_anybody_can_run() -> None:
    job = read(".github/workflows/checks.yml")["jobs"]["check"]

    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]


def test_the_oldest_and_the_newest_database_that_readme_names_are_those_that_are_tried() -> None:
    [oldest, newest] = re.findall(r"PostgreSQL (\d+) to (\d+)", (ROOT / "README.md").read_text("utf8"))[0]
    job = read(".github/workflows/checks.yml")["jobs"]["oldest-database"]
    [run] = [step["run"] for step in job["steps"] if "run" in step]

    assert job["services"]["database"]["image"] == f"postgres:{oldest}"
    assert job["services"]["database"]["ports"][0].split(":")[0] in job["env"]["TEST_DATABASE_URL"]
    assert {"tests/domain", "tests/end_to_end"} <= set(re.findall(r"tests/\w+", run))
    assert compose()["services"]["database"]["image"] == f"postgres:{newest}"


def test_staging_comes_before_production_and_tables_before_processes() -> None:
    jobs = read(".github/workflows/release.yml")["jobs"]
    named = [step.get("name") for step in steps("deploy")]

    assert [jobs[name]["with"]["environment"] for name in ("staging", "production")] == ["staging", "production"]
    assert "checks" in jobs["image"]["needs"]
    assert "staging" in jobs["production"]["needs"]
    assert "refs/tags/v" in jobs["production"]["if"]
    assert "environment" in json.dumps(read(".github/workflows/deploy.yml")["jobs"]["deploy"])
    assert named.index("The tables") < named.index("The processes")
