"""Everything as a file: CSV for spreadsheets, or one JSON object a line for programs; in a zip."""

import asyncio
import csv
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from domain.everything import Part, Row

FORMS: Final = ("csv", "json")
INCIDENTS: Final = (
    "number", "title", "description", "status", "priority", "category", "owner", "assignee", "channel", "channel_id",
    "is_private", "created_at", "updated_at", "resolved_at", "resolution",
)  # fmt: skip
COMMENTS: Final = ("number", "author", "content", "files", "created_at", "edited_at", "deleted_at")
TIMELINE: Final = ("number", "what", "old", "new", "note", "by", "surface", "at")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula; such a cell begins with an apostrophe."""


async def write(
    form: str, parts: AsyncIterator[Part], folder: Path, *, wrote: Callable[[int], Awaitable[None]]
) -> Path:
    """Write a zip into the folder; only a part at a time is in memory.

    Args:
        form: one of ``FORMS``.
        wrote: told after each part how many incidents are written.
    """
    names = ("incidents.csv", "comments.csv", "timeline.csv") if form == "csv" else ("incidents.jsonl",)
    count = 0
    files = [
        (folder / name).open("w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") for name in names
    ]
    try:
        if form == "csv":
            _head(files)
        async for part in parts:
            (_as_csv if form == "csv" else _as_json)(part, files)
            count += len(part.incidents)
            await wrote(count)
    finally:
        for file in files:
            file.close()
    return await asyncio.to_thread(_zipped, folder, names)


def cell(value: object) -> str:
    """A value as a spreadsheet shows it, and never runs it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, list):
        return " ".join(f"{file.get('name', '')} {file.get('link', '')}".strip() for file in value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _head(files: list[io.TextIOWrapper]) -> None:
    for file, columns in zip(files, (INCIDENTS, COMMENTS, TIMELINE), strict=True):
        csv.writer(file).writerow(columns)


def _as_csv(part: Part, files: list[io.TextIOWrapper]) -> None:
    kinds = ((part.incidents, INCIDENTS), (part.comments, COMMENTS), (part.timeline, TIMELINE))
    for file, (rows, columns) in zip(files, kinds, strict=True):
        csv.writer(file).writerows([cell(row[name]) for name in columns] for row in rows)


def _as_json(part: Part, files: list[io.TextIOWrapper]) -> None:
    """Each incident on a line, with its comments and its history in it."""
    comments, timeline = _grouped(part.comments), _grouped(part.timeline)
    for incident in part.incidents:
        whole = {
            **_named(incident, INCIDENTS),
            "comments": [_named(row, COMMENTS[1:]) for row in comments[incident["id"]]],
            "timeline": [_named(row, TIMELINE[1:]) for row in timeline[incident["id"]]],
        }
        files[0].write(json.dumps(whole, ensure_ascii=False) + "\n")


def _grouped(rows: list[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["incident_id"]].append(row)
    return found


def _named(row: Row, columns: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: _iso(row[name]) if isinstance(row[name], datetime) else row[name] for name in columns}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _zipped(folder: Path, names: tuple[str, ...]) -> Path:
    target = folder / "incidents.zip"
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
            (folder / name).unlink()
    return target
