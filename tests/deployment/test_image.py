"""The image: small, without rights, from what the lock knows, and alive as far as its own check can tell."""

import re
import tomllib
from pathlib import Path

from tests.deployment.files import (
    ROOT,
    dockerfile,
    final_stage,
    health_check,
    image_environment,
    read,
    the,
    words,
)


def test_it_runs_as_nobody_in_particular() -> None:
    user, group = the("USER").split(":")

    assert min(int(user), int(group)) >= 10_000  # numbers, so that Kubernetes can tell that it is not root


def test_nothing_is_fetched_but_what_the_lock_knows() -> None:
    runs = [rest for word, rest in dockerfile() if word == "RUN"]

    assert [word for word, _ in dockerfile() if word == "ADD"] == []
    assert [run for run in runs if re.search(r"https?:|curl|wget|apt", run)] == []
    [download] = [run for run in runs if "pip download" in run]
    assert {"--require-hashes", "--no-deps"} <= set(download.split())
    [install] = [run for run in runs if " install " in run]
    assert {"--no-index", "--find-links"} <= set(install.split())


def test_the_lock_has_what_the_build_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    names = [re.match(r"[\w-]+", each)[0].lower() for each in needed]  # type: ignore[index]
    locked = set(
        re.findall(r"^([\w-]+)(?:\[[\w,]+\])?==", (ROOT / "requirements.lock").read_text("utf8"), re.MULTILINE)
    )

    assert set(names) - locked == set()


def test_bases_are_named_with_their_version() -> None:
    bases = [rest.split()[0] for word, rest in dockerfile() if word == "FROM"]

    assert len(bases) == 2
    assert re.fullmatch(r"python:3\.1[1-3]-slim", bases[0])
    assert set(bases) == {bases[0]}


def test_no_python_is_proposed_that_is_not_checked() -> None:
    checked = read(".github/workflows/checks.yml")["jobs"]["check"]["strategy"]["matrix"]["python"]
    [docker] = [each for each in read(".github/dependabot.yml")["updates"] if each["package-ecosystem"] == "docker"]
    [ignored] = [each for each in docker["ignore"] if each["dependency-name"] == "python"]
    following = int(checked[-1].partition(".")[2]) + 1

    assert ignored["versions"] == [f">=3.{following}"]


def test_the_last_stage_only_takes_what_was_built() -> None:
    assert [rest for word, rest in final_stage() if word in {"RUN", "COPY"}] == ["--from=build /app /app"]


def test_it_stops_and_starts_by_its_own_program() -> None:
    assert the("STOPSIGNAL") == "SIGTERM"
    assert words("ENTRYPOINT") == ["incident-tracker"]
    assert words("CMD") == ["run"]
    assert health_check()[0] == "python"


def test_its_port_is_the_same_everywhere() -> None:
    assert the("EXPOSE") == image_environment()["PORT"] == "3000"


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word == "COPY" and "--from" not in rest]
    names = [name for each in copied for name in each]
    ignored = (ROOT / ".dockerignore").read_text("utf8").splitlines()

    assert [name for name in names if not (ROOT / name).exists()] == []
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == set(names)


def test_every_package_of_the_program_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {rest.split()[-1] for word, rest in dockerfile() if word == "COPY"}

    assert {Path(name).name for name in packages} <= copied
