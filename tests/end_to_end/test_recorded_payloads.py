"""What Slack really sent to others: recorded payloads, given to the app, are answered and break nothing."""

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import handed_in
from tests.samples import SAMPLES

FOLDERS = ("bolt-python__MIT/payloads", "python-slack-sdk__MIT/socket-mode-and-events")
PARTS = ("internals__", "/hello/", "/disconnect/")
"""Fragments for tests of the SDK's insides, and frames that are no requests: the app does not know them."""

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded payloads are not beside this checkout")


def recorded() -> Iterator[tuple[str, Json]]:
    for folder in FOLDERS:
        for path in sorted((SAMPLES / folder).rglob("*.json")):
            found = json.loads(path.read_text("utf8"))
            body = found.get("payload", found) if isinstance(found, dict) else None
            if isinstance(body, dict):
                yield str(path.relative_to(SAMPLES)), body


async def test_every_recorded_payload_is_answered_and_nothing_is_written(workspace: Workspace) -> None:
    answers = {name: await handed_in(workspace, body) for name, body in recorded()}

    known = {name: status for name, status in answers.items() if not any(part in name for part in PARTS)}
    assert len(known) > 50
    assert {name: status for name, status in known.items() if status != 200} == {}
    assert {name: status for name, status in answers.items() if status >= 500} == {}
    assert await workspace.rows("SELECT 1 FROM incident") == []
    assert await workspace.rows("SELECT 1 FROM comment") == []
