"""The files that run the bot elsewhere, as they are read there."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MANIFESTS = sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?|\?)(?P<word>[^}]*))?}")


def read(path: str | Path) -> Any:
    """What a YAML file holds."""
    return yaml.safe_load((ROOT / path).read_text("utf8"))


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = read("docker-compose.yml")
    return loaded


def dockerfile() -> list[tuple[str, str]]:
    """Instructions with what follows them; comments and line breaks are gone."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf8").splitlines() if not line.lstrip().startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    pairs = (line.strip().partition(" ") for line in whole if line.strip())
    return [(word.upper(), rest.strip()) for word, _, rest in pairs]


def final_stage() -> list[tuple[str, str]]:
    said = dockerfile()
    last = max(number for number, (word, _) in enumerate(said) if word == "FROM")
    return said[last:]


def the(word: str) -> str:
    """What the only instruction of that name in the final stage says."""
    [found] = [rest for instruction, rest in final_stage() if instruction == word]
    return found


def words(word: str) -> list[str]:
    """The list that an instruction gives, as ENTRYPOINT and CMD do."""
    found: list[str] = json.loads(the(word))
    return found


def health_check() -> list[str]:
    found: list[str] = json.loads(the("HEALTHCHECK").partition(" CMD ")[2])
    return found


def image_environment() -> dict[str, str]:
    return dict(each.split("=", 1) for each in shlex.split(the("ENV")))


def filled(text: str, given: Mapping[str, str]) -> str:
    """A value as compose fills it in; KeyError if something is required that is not given."""

    def value(found: re.Match[str]) -> str:
        name, kind, word = found["name"], found["kind"], found["word"]
        if given.get(name):
            return given[name]
        if kind == ":?" or (kind == "?" and name not in given):
            raise KeyError(name)
        return word or ""

    return VARIABLE.sub(value, text)


def bot_environment(given: Mapping[str, str]) -> dict[str, str]:
    """What the bot gets to see when compose starts it with these in ``.env``."""
    wanted = compose()["services"]["bot"]["environment"]
    return {name: filled(str(value), given) for name, value in wanted.items()}


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def manifest(kind: str) -> dict[str, Any]:
    """The only Kubernetes object of its kind."""
    [found] = [loaded for loaded in map(read, MANIFESTS) if loaded["kind"] == kind]
    return dict(found)
