"""The description of the API is true: a fuzzer finds nothing else, and a client made from it works."""

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from bot.api import callers, login, people
from domain.rates import Limit
from tests.api.conftest import PASSWORD, Api
from tests.end_to_end.eyes import superuser, thread

BIN = Path(sys.executable).parent
UNLIMITED = Limit(most=1_000_000, seconds=60)
EXPECTED = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 412, 415, 422]
"""
"""412 is the answer to a tag that somebody made up; a refusal for being too often is none here."""


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fuzzer asks more often than a person."""
    monkeypatch.setattr(callers, "LIMIT", UNLIMITED)
    monkeypatch.setattr(people, "TRIES", UNLIMITED)
    for name in ("TRIES", "TRIES_AT_ONE", "MAILS", "MAILS_TO_ONE"):
        monkeypatch.setattr(login, name, UNLIMITED)


async def ran(*command: str | Path, cwd: Path) -> tuple[int, str]:
    """A program's exit code and what it said."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    try:
        said, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    return running.returncode or 0, said.decode("utf8", "replace")


def nowhere(*_: Any) -> list[Any]:
    """What receivers' names lead to that a fuzzer makes up."""
    raise OSError("nobody has this name")


TAGS = (
    ("login", "users"),
    ("incidents", "steps"),
    ("comments", "categories", "stats"),
    ("alerts", "webhooks"),
)
"""Together, as the fuzzer's start takes longer than some of them."""


@pytest.mark.parametrize("tags", TAGS, ids=" and ".join)
async def test_a_fuzzer_finds_nothing_that_is_not_described(
    api: Api, unlimited: None, tmp_path: Path, tags: tuple[str, ...]
) -> None:
    ana = await api.as_("ana")
    await superuser(api.workspace, "ana")
    api.courier.look_up = nowhere
    made = await api.opened("Disk full")
    await ana.post(f"/incidents/{made['number']}/comments", json={"content": "Which one?"})
    (tmp_path / "schemathesis.toml").write_text(EXPECTED, "utf8")

    code, said = await ran(
        BIN / "schemathesis", "--config-file", "schemathesis.toml", "run", f"{api.url}/api/v1/openapi.json",
        "--header", f"Authorization: {ana.headers['Authorization']}", "--phases", "coverage,fuzzing",
        "--max-examples", "3", "--generation-deterministic", "--continue-on-failure", "--no-color",
        *[word for tag in tags for word in ("--include-tag", tag)],
        cwd=tmp_path,
    )  # fmt: skip

    assert code == 0, said
    assert " 0 passed" not in said


@pytest.fixture
async def client_of(tmp_path: Path) -> AsyncIterator[Any]:
    """Makes a client from a description; it is a package of its own, gone after the test."""

    async def made(description: bytes) -> Any:
        (tmp_path / "openapi.json").write_bytes(description)
        (tmp_path / "config.yml").write_text("package_name_override: generated_client\npost_hooks: []\n", "utf8")
        code, said = await ran(
            BIN / "openapi-python-client", "generate", "--path", "openapi.json", "--config", "config.yml",
            "--meta", "none", "--output-path", "generated_client", "--fail-on-warning",
            cwd=tmp_path,
        )  # fmt: skip
        assert code == 0, said
        return importlib.import_module("generated_client")

    sys.path.insert(0, str(tmp_path))
    yield made
    sys.path.remove(str(tmp_path))
    for name in [each for each in sys.modules if each.partition(".")[0] == "generated_client"]:
        del sys.modules[name]


def operation(tag: str, name: str) -> Any:
    return importlib.import_module(f"generated_client.api.{tag}.{name}")


async def test_a_generated_client_logs_in_opens_lists_comments_and_resolves(api: Api, client_of: Any) -> None:
    address = await api.has_password("ben")
    generated = await client_of((await api.nobody.get("/openapi.json")).content)
    models = importlib.import_module("generated_client.models")
    base = f"{api.url}/api/v1"

    async with generated.Client(base_url=base) as stranger:
        form = models.Credentials(username=address, password=PASSWORD)
        token = await operation("login", "login").asyncio(client=stranger, body=form)
    async with generated.AuthenticatedClient(base_url=base, token=token.access_token) as client:
        opened = await operation("incidents", "create_incident").asyncio(
            client=client, body=models.IncidentIn(title="Disk full", priority=models.Priority.HIGH)
        )
        await operation("comments", "create_comment").asyncio(
            opened.number, client=client, body=models.CommentIn(content="Which disk?")
        )
        resolved = await operation("steps", "resolve_incident").asyncio(
            opened.number, client=client, body=models.Resolve(note="freed space")
        )
        page = await operation("incidents", "list_incidents").asyncio(client=client, status=[models.Status.RESOLVED])
    await api.workspace.delivered()

    assert [each.title for each in page.items] == ["Disk full"]
    assert resolved.status == models.Status.RESOLVED
    card = await api.workspace.stage.card("#incidents", "Disk full")
    assert "Which disk?" in str(await thread(api.workspace, card))


async def test_the_description_is_of_today_s_kind_and_needs_nobody_known(api: Api) -> None:
    answer = await api.nobody.get("/openapi.json")
    described = answer.json()

    assert (answer.status_code, described["openapi"][:3]) == (200, "3.1")
    assert described["servers"] == [{"url": "/api/v1"}]
    assert set(chain(*TAGS)) <= {
        tag for path in described["paths"].values() for of in path.values() for tag in of["tags"]
    }
    for place, path in described["paths"].items():
        for method, operation in path.items():
            assert operation["description"], (method, place)
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (method, place, status)


async def test_there_are_no_pages_that_take_scripts_from_elsewhere(api: Api) -> None:
    assert [(await api.nobody.get(place)).status_code for place in ("/docs", "/redoc")] == [404, 404]
