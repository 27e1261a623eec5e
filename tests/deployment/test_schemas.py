"""Every file has the form that its reader asks for: compose, GitHub, Kubernetes, Prometheus, Grafana, pre-commit."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.files import MANIFESTS, ROOT, WORKFLOWS, dockerfile, read

INSTRUCTIONS = {
    "FROM", "RUN", "COPY", "ENV", "LABEL", "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT",
    "CMD",
}  # fmt: skip
WITHOUT_HOST = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)?(:[A-Za-z0-9._-]+)?")
"""An image's name that leaves it to the reader's engine where to get it."""


def checked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False, timeout=120)


def is_valid(schema: str, *files: Path) -> None:
    done = checked("check_jsonschema", "--builtin-schema", schema, *map(str, files))
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_understands_its_file() -> None:
    is_valid("vendor.compose-spec", ROOT / "docker-compose.yml")


def test_github_understands_its_files() -> None:
    assert {path.stem for path in WORKFLOWS} == {"checks", "image", "release", "deploy", "lock"}
    is_valid("vendor.github-workflows", *WORKFLOWS)
    is_valid("vendor.dependabot", ROOT / ".github" / "dependabot.yml")


def test_no_job_can_hang() -> None:
    is_valid("custom.github-workflows-require-timeout", *WORKFLOWS)


def test_kubernetes_understands_its_files() -> None:
    done = checked("kubernetes_validate", "--strict", *map(str, MANIFESTS))

    assert done.returncode == 0, done.stdout + done.stderr


def test_kustomize_finds_every_manifest() -> None:
    named = set()
    for path in (ROOT / "deploy" / "kubernetes").rglob("kustomization.yaml"):
        loaded = read(path)
        assert loaded["kind"] == "Kustomization"
        found = [(path.parent / each).resolve() for each in loaded["resources"]]
        assert [each for each in found if not each.exists()] == []
        named |= set(found)

    assert [path.name for path in MANIFESTS if path not in named] == ["secret.example.yaml"]


def test_the_dockerfile_has_only_what_is_known() -> None:
    assert {word for word, _ in dockerfile()} <= INSTRUCTIONS


@pytest.mark.parametrize("path", ["alerts.yml", "prometheus.yml"])
def test_prometheus_files_have_its_keys(path: str) -> None:
    known = {"alerts.yml": {"groups"}, "prometheus.yml": {"rule_files", "scrape_configs"}}
    assert set(read(f"deploy/monitoring/{path}")) == known[path]


def test_each_alert_says_what_it_is_and_how_grave() -> None:
    rules = [rule for group in read("deploy/monitoring/alerts.yml")["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    assert [rule for rule in rules if not {"expr", "labels", "annotations"} <= set(rule)] == []
    assert {rule["labels"]["severity"] for rule in rules} == {"critical", "warning"}
    assert [rule for rule in rules if set(rule["annotations"]) != {"summary", "description"}] == []


def test_the_dashboard_has_panels_beside_each_other_with_own_numbers() -> None:
    board = json.loads((ROOT / "deploy/monitoring/dashboard.json").read_text("utf8"))
    panels = board["panels"]

    assert board["schemaVersion"] >= 39
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert [p["title"] for p in panels if p["gridPos"]["x"] + p["gridPos"]["w"] > 24] == []
    assert [p["title"] for p in panels if p["type"] != "row" and not p["targets"]] == []


def test_pre_commit_runs_what_ci_runs() -> None:
    [repository] = read(".pre-commit-config.yaml")["repos"]
    hooks = {hook["id"]: hook for hook in repository["hooks"]}

    assert repository["repo"] == "local"
    assert all({"id", "name", "entry", "language"} <= set(hook) for hook in hooks.values())
    assert {hook["language"] for hook in hooks.values()} == {"system", "pygrep"}
    assert {"format", "lint", "types", "imports", "secrets"} <= set(hooks)
    token = re.compile(hooks["secrets"]["entry"])
    assert token.search("SLACK_BOT_TOKEN=xoxb-" + "123456789012-1234567890123-abcdefghijklmnopqrstuvwx")
    assert not token.search("SLACK_BOT_TOKEN=xoxb-replace-this")


def images(value: Any) -> list[str]:
    """Every image that a file names, however deep."""
    if isinstance(value, dict):
        own = [value["image"]] if isinstance(value.get("image"), str) else []
        return own + [name for each in value.values() for name in images(each)]
    return [name for each in value for name in images(each)] if isinstance(value, list) else []


def test_no_file_says_which_registry_to_ask() -> None:
    files = [ROOT / "docker-compose.yml", *WORKFLOWS, *MANIFESTS]
    named = [name for path in files for name in images(yaml.safe_load(path.read_text("utf8")))]
    named += [rest.split()[0] for word, rest in dockerfile() if word == "FROM"]
    fixed = [re.sub(r"\$\{IMAGE:-(.*)}", r"\1", name).replace("${{ matrix.python }}", "3.11") for name in named]

    assert [name for name in fixed if not name.startswith("${{") and not WITHOUT_HOST.fullmatch(name)] == []
    assert [name for name in fixed if name.endswith(":latest")] == []
