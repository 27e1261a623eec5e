"""The service that runs the bot without containers."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.deployment.files import ROOT, compose, seconds

UNIT = ROOT / "deploy" / "systemd" / "incident-tracker.service"
PROGRAM = "/opt/incident-tracker/.venv/bin/incident-tracker"


def service() -> dict[str, str]:
    """What stands in the section of that name; each key once."""
    section = UNIT.read_text("utf8").partition("[Service]\n")[2].partition("\n[")[0]
    pairs = [line.split("=", 1) for line in section.splitlines() if line and not line.startswith("#")]
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def test_it_starts_the_program_that_the_package_brings_where_operations_says_to_put_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    operations = (ROOT / "docs" / "operations.md").read_text("utf8")

    assert service()["ExecStart"] == f"{PROGRAM} run"
    assert Path(PROGRAM).name in project["project"]["scripts"]
    assert f"python3 -m venv {Path(PROGRAM).parents[1]}" in operations
    assert f"`{service()['EnvironmentFile']}`" in operations


def test_what_it_sets_itself_is_a_setting() -> None:
    name, _, value = service()["Environment"].partition("=")

    assert name.lower() in Settings.model_fields
    assert value == "json"


def test_it_is_started_again_and_has_time_to_finish() -> None:
    assert service()["Restart"] == "always"
    assert seconds(service()["TimeoutStopSec"]) == seconds(compose()["services"]["bot"]["stop_grace_period"])


def test_it_can_do_nothing_but_its_work() -> None:
    given = service()
    switches = {name for name, value in given.items() if value == "yes"}

    assert switches >= {
        "DynamicUser", "LockPersonality", "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectClock",
        "ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
        "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
    }  # fmt: skip
    assert (given["CapabilityBoundingSet"], given["ProtectSystem"], given["UMask"]) == ("", "strict", "0077")
    assert given["SystemCallFilter"] == "@system-service"
    assert set(given["RestrictAddressFamilies"].split()) == {"AF_INET", "AF_INET6", "AF_UNIX"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_it(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text("utf8").replace(PROGRAM, "/bin/true"), "utf8")

    found = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)

    assert UNIT.name not in found.stderr
