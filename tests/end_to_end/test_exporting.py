"""Everything as a file: the same as the database holds, safe to open, and only for superusers."""

import csv
import io
import json
import os
import tempfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import text

from bot.exporting import deliveries, writing
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages
from tests.end_to_end.test_digest import superuser

NASTY = '=HYPERLINK("http://evil.example"), "quoted"'


async def uploaded(workspace: Workspace, person: str = "ana") -> list[ZipFile]:
    """The files that somebody was sent, oldest first."""
    wanted = f"D0{person.upper()}".ljust(10, "0")
    found: list[Json] = []
    for channel in (await workspace.stage.state())["channels"]:
        if channel["id"] == wanted:
            found = [file for message in channel["messages"] for file in message.get("files") or []]
    return [ZipFile(io.BytesIO(workspace.sandbox.workspace.contents[file["id"]])) for file in found]


def table(archive: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))


async def told(workspace: Workspace) -> None:
    """A small story: three incidents, one of them private, with replies in several scripts."""
    await superuser(workspace)
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("ben", "#incidents", card, f"{NASTY}\nzweite Zeile · 日本語")
    await workspace.stage.command("ana", "#incidents", "resolve 1 freed space")
    await workspace.stage.command("ben", "#security", "quick Former contractor")
    await workspace.stage.command("ben", "#general", "quick Badge lost")
    await workspace.delivered()


async def test_csv_holds_what_the_database_holds_and_no_cell_is_a_formula(workspace: Workspace) -> None:
    await told(workspace)

    said = await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert said.startswith("About 3 incidents with their comments and history are being written as CSV.")
    (archive,) = await uploaded(workspace)
    incidents = table(archive, "incidents.csv")
    assert [(row["number"], row["title"], row["is_private"]) for row in incidents] == [
        ("1", "Disk full", "False"), ("2", "Former contractor", "True"), ("3", "Badge lost", "False"),
    ]  # fmt: skip
    assert incidents[0]["resolution"] == "freed space"
    (comment,) = table(archive, "comments.csv")
    assert comment["content"] == f"'{NASTY}\nzweite Zeile · 日本語"
    history = [(row["number"], row["what"]) for row in table(archive, "timeline.csv")]
    assert history == [("1", "created"), ("1", "started"), ("1", "resolved"), ("2", "created"), ("3", "created")]
    assert "3 incidents with their comments" in (await direct_messages(workspace, "ana"))[-1]


async def test_json_has_an_incident_a_line_with_all_that_belongs_to_it(workspace: Workspace) -> None:
    await told(workspace)

    await answer(workspace, "admin export json", by="ana")
    await workspace.delivered()

    (archive,) = await uploaded(workspace)
    first, *rest = [json.loads(line) for line in archive.read("incidents.jsonl").decode().splitlines()]
    assert [each["title"] for each in rest] == ["Former contractor", "Badge lost"]
    assert first["comments"][0]["content"] == f"{NASTY}\nzweite Zeile · 日本語"
    assert [entry["what"] for entry in first["timeline"]] == ["created", "started", "resolved"]
    assert first["created_at"].endswith("Z")


async def test_a_long_one_says_how_far_it_is(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "LONG", 2)
    monkeypatch.setattr(deliveries, "TELL_EVERY_S", 0.0)
    await told(workspace)
    before = await workspace.mark()

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert "Writing your export: 3 of about 3 incidents." in await direct_messages(workspace, "ana")
    calls = await workspace.calls(after=before)
    assert (calls.count("chat.postMessage"), calls.count("files.completeUploadExternal")) == (1, 1)
    assert calls.count("chat.update") >= 2


async def test_after_a_stumble_of_slack_it_is_sent_once(workspace: Workspace) -> None:
    await told(workspace)
    await workspace.faults(
        {"method": "files.completeUploadExternal", "kind": "timeout_after_success", "times": 1, "delay_ms": 50}
    )

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert len(await uploaded(workspace)) == 1


@pytest.mark.parametrize("code, reason", [("posting_to_channel_denied", "Slack refused it")])
async def test_what_slack_refuses_ends_in_words(workspace: Workspace, code: str, reason: str) -> None:
    await told(workspace)
    await workspace.faults({"method": "files.completeUploadExternal", "kind": f"error:{code}", "times": 1})

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert f"could not be finished: {reason} ({code})" in (await direct_messages(workspace, "ana"))[-1]
    assert await uploaded(workspace) == []


async def test_a_full_disk_ends_in_words_and_nothing_is_left_on_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(writing, "_iso", _full)
    await told(workspace)

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert "the server has no room for the file" in (await direct_messages(workspace, "ana"))[-1]
    assert not [name for name in os.listdir(tmp_path) if name.startswith("incident-tracker-")]  # noqa: PTH208


def _full(*_: object) -> str:
    raise OSError(28, "No space left on device")


async def test_whoever_lost_the_right_meanwhile_gets_a_sentence(workspace: Workspace) -> None:
    await told(workspace)
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "admin export csv", by="ana")
    async with workspace.engine.begin() as connection:
        await connection.execute(text('UPDATE "user" SET is_superuser = false'))
    await workspace.delivered()

    assert await uploaded(workspace) == []
    assert "you are not a superuser any more" in (await direct_messages(workspace, "ana"))[-1]


async def test_asking_twice_and_asking_for_another_form_are_told(workspace: Workspace) -> None:
    await told(workspace)
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "admin export csv", by="ana")

    assert "is still being written" in await answer(workspace, "admin export json", by="ana")
    assert "say how, as in /incident admin export csv or json" in await answer(workspace, "admin export xml", by="ana")
    assert "Only superusers can" in await answer(workspace, "admin export csv", by="ben")
    await workspace.delivered()
    assert len(await uploaded(workspace)) == 1


async def test_thousands_are_written_in_parts(workspace: Workspace) -> None:
    await told(workspace)
    async with workspace.engine.begin() as connection:
        await connection.execute(text(
            "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id)"
            " SELECT gen_random_uuid(), workspace_id, number + n, title, priority, category, owner_id, channel_id"
            " FROM incident, generate_series(10, 6009) n WHERE number = 1"
        ))  # fmt: skip

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    (archive,) = await uploaded(workspace)
    assert len(table(archive, "incidents.csv")) == 6_003
    assert "Writing your export: 6,003 of about 6,003 incidents." in await direct_messages(workspace, "ana")
