"""Everything as a file: the same as the database holds, safe to open, and only for superusers."""

import asyncio
import csv
import io
import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import text

from bot.exporting import deliveries, writing
from tests.bot.test_start import program
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, superuser

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
    assert "the 3 incidents that there were on" in (await direct_messages(workspace, "ana"))[-1]


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

    said = await direct_messages(workspace, "ana")
    assert said[-2] == "Your export is written, all 3 incidents of it. The file follows."
    assert said[-1].startswith("Your export: the 3 incidents that there were on ")
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


def left_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond what is far less than thousands of incidents take."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_ends_in_words_and_nothing_is_left_on_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await told(workspace)
    await thousands(workspace)

    with full_disk():
        await answer(workspace, "admin export csv", by="ana")
        await workspace.delivered()
    assert "the server has no room for the file" in (await direct_messages(workspace, "ana"))[-1]
    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert len(await uploaded(workspace)) == 1
    assert left_in(tmp_path) == {}


async def test_words_come_also_when_an_earlier_attempt_said_how_far_it_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LONG", 2)
    await told(workspace)
    method = "files.completeUploadExternal"
    await workspace.faults(
        {"method": method, "kind": "http_500", "times": 1},
        {"method": method, "kind": "error:posting_to_channel_denied", "times": 1},
    )

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert "could not be finished: Slack refused it" in (await direct_messages(workspace, "ana"))[-1]
    assert await uploaded(workspace) == []


@pytest.mark.parametrize("kind", ["error:message_not_found", "ratelimited"])
async def test_how_far_it_is_never_keeps_the_file_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(deliveries, "LONG", 2)
    monkeypatch.setattr(deliveries, "TELL_EVERY_S", 0.0)
    await told(workspace)
    await workspace.faults({"method": "chat.update", "kind": kind})

    await answer(workspace, "admin export json", by="ana")
    await workspace.delivered()

    assert len(await uploaded(workspace)) == 1


@pytest.mark.parametrize(
    "method, kind",
    [
        ("upload", "connection_reset"), ("upload", "ratelimited"), ("upload", "http_500"),
        ("files.getUploadURLExternal", "http_500"), ("files.completeUploadExternal", "ratelimited"),
    ],
)  # fmt: skip
async def test_a_first_upload_that_breaks_is_tried_again(workspace: Workspace, method: str, kind: str) -> None:
    await told(workspace)
    await workspace.faults({"method": method, "kind": kind, "times": 1, "retry_after": 1})

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert len(await uploaded(workspace)) == 1


async def test_nobody_is_told_of_a_failure_when_the_file_is_there(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TRIES", 1)
    await told(workspace)
    await workspace.faults(
        {"method": "files.completeUploadExternal", "kind": "timeout_after_success", "times": 1, "delay_ms": 50}
    )

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert len(await uploaded(workspace)) == 1
    assert "could not be finished" not in (await direct_messages(workspace, "ana"))[-1]


async def test_whoever_loses_the_right_while_it_is_written_gets_a_sentence(workspace: Workspace) -> None:
    await told(workspace)
    before = await workspace.mark()
    async with workspace.engine.begin() as connection:
        await connection.execute(text("LOCK TABLE comment IN ACCESS EXCLUSIVE MODE"))  # so that it is not written yet
        await answer(workspace, "admin export csv", by="ana")
        async with asyncio.timeout(15):
            while "conversations.open" not in await workspace.calls(after=before):  # noqa: ASYNC110 - logs ring no bell
                await asyncio.sleep(0.02)
        await connection.execute(text('UPDATE "user" SET is_superuser = false'))
    await workspace.delivered()

    assert await uploaded(workspace) == []
    assert "you are not a superuser any more" in (await direct_messages(workspace, "ana"))[-1]


async def test_an_upload_that_never_gets_through_ends_in_words(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TRIES", 2)
    await told(workspace)
    await workspace.faults({"method": "upload", "kind": "connection_reset"})

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    assert "Slack did not answer while the file was sent" in (await direct_messages(workspace, "ana"))[-1]


async def test_before_anything_was_opened_there_are_empty_tables(workspace: Workspace) -> None:
    await superuser(workspace)

    for form in writing.FORMS:
        await answer(workspace, f"admin export {form}", by="ana")
        await workspace.delivered()

    tables, lines = await uploaded(workspace)
    assert [tables.read(name).decode("utf-8-sig") for name in writing.TABLES] == [
        ",".join(columns) + "\r\n" for columns in writing.TABLES.values()
    ]
    assert lines.read(writing.LINES) == b""


@pytest.mark.parametrize("lost", ["is_superuser", "is_active"])
async def test_whoever_lost_the_right_meanwhile_gets_a_sentence(workspace: Workspace, lost: str) -> None:
    await told(workspace)
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "admin export csv", by="ana")
    await workspace.changed(f'UPDATE "user" SET {lost} = false')  # noqa: S608
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


async def thousands(workspace: Workspace) -> None:
    """Six thousand more incidents."""
    await workspace.changed(
        "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id)"
        " SELECT gen_random_uuid(), workspace_id, number + n, title, priority, category, owner_id, channel_id"
        " FROM incident, generate_series(10, 6009) n WHERE number = 1"
    )


async def test_thousands_are_written_in_parts(workspace: Workspace) -> None:
    await told(workspace)
    await thousands(workspace)

    await answer(workspace, "admin export csv", by="ana")
    await workspace.delivered()

    (archive,) = await uploaded(workspace)
    assert len(table(archive, "incidents.csv")) == 6_003
    assert "Your export is written, all 6,003 incidents of it. The file follows." in await direct_messages(
        workspace, "ana"
    )


@pytest.mark.parametrize(
    "value, shown",
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("a=1", "a=1"), ("مرحبا", "مرحبا"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("\n=1", "'\n=1"), (7, "7"), (None, ""), ([], ""),
        ([{"name": "=cmd", "link": "https://x"}], "'=cmd https://x"),
    ],
)  # fmt: skip
def test_a_cell_never_runs(value: object, shown: str) -> None:
    assert writing.cell(value) == shown


async def exported(*words: str, folder: Path, url: str, output: int = asyncio.subprocess.PIPE) -> Any:
    """What the command line says, and how it ends."""
    command, variables = program("export", *words, DATABASE_URL=url)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=variables, stdout=output, stderr=asyncio.subprocess.PIPE
    )
    said, complaints = await process.communicate()
    return process.returncode, said, complaints.decode()


async def test_whoever_runs_the_server_writes_the_same_to_a_file_or_a_pipe(
    workspace: Workspace, database_url: str, tmp_path: Path
) -> None:
    await told(workspace)

    code, said, complaints = await exported("csv", "all.zip", folder=tmp_path, url=database_url)
    assert (code, said, complaints) == (0, b"", "3 incidents are written.\n")
    code, said, _ = await exported("json", folder=tmp_path, url=database_url)

    assert code == 0
    rows = table(ZipFile(tmp_path / "all.zip"), "incidents.csv")
    lines = ZipFile(io.BytesIO(said)).read(writing.LINES).decode().splitlines()
    titles = ["Disk full", "Former contractor", "Badge lost"]
    assert [row["title"] for row in rows] == [json.loads(line)["title"] for line in lines] == titles
    assert list(left_in(tmp_path)) == ["all.zip"]
    assert (tmp_path / "all.zip").stat().st_mode & 0o077 == 0
    audited = await answer(workspace, "admin audit", by="ana")
    assert "*Somebody on the server* took everything away as json" in audited


async def test_a_file_that_cannot_be_written_is_said_in_a_sentence(
    workspace: Workspace, database_url: str, tmp_path: Path
) -> None:
    await told(workspace)
    (tmp_path / "all.zip").write_bytes(b"from yesterday")

    code, _, complaints = await exported("csv", "nowhere/all.zip", folder=tmp_path, url=database_url)
    assert (code, complaints) == (
        1,
        "incident-tracker: Nothing was written: No such file or directory. Look at nowhere/all.zip, then try again.\n",
    )
    code, _, complaints = await exported("csv", "all.zip", "--workspace", "TNOBODY", folder=tmp_path, url=database_url)
    assert (code, complaints.startswith("incident-tracker: Say which workspace")) == (1, True)
    full = os.open("/dev/full", os.O_WRONLY)
    code, _, complaints = await exported("csv", folder=tmp_path, url=database_url, output=full)
    os.close(full)
    assert code == 1
    assert "No space left on device. Look at where standard output goes" in complaints
    assert "Traceback" not in complaints
    assert left_in(tmp_path) == {"all.zip": b"from yesterday"}
