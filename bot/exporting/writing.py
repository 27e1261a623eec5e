"""Everything as a file: CSV for spreadsheets, or one JSON object a line for programs; in a zip."""

import asyncio
import csv
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, cast
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from domain.errors import InvalidInput
from domain.everything import Part, Row

FORMS: Final = ("csv", "json")
INCIDENTS: Final = (
    "number", "title", "description", "status", "priority", "category", "owner", "assignee", "channel", "channel_id",
    "is_private", "created_at", "updated_at", "resolved_at", "resolution",
)  # fmt: skip
COMMENTS: Final = ("number", "author", "content", "files", "created_at", "edited_at", "deleted_at")
TIMELINE: Final = ("number", "what", "old", "new", "note", "by", "surface", "at")
TABLES: Final = {"incidents.csv": INCIDENTS, "comments.csv": COMMENTS, "timeline.csv": TIMELINE}
LINES: Final = "incidents.jsonl"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet would take for a formula, or strips before it looks; such a cell begins with an apostrophe."""


async def write(
    form: str, parts: AsyncIterator[Part], target: IO[bytes], *, wrote: Callable[[int], Awaitable[None]] | None = None
) -> int:
    """Write a zip; only a part at a time is in memory, and what is on disk meanwhile has no name there.

    Args:
        form: one of ``FORMS``.
        target: need not know where it is; a pipe will do.
        wrote: told after each part how many incidents are written.

    Returns:
        How many incidents it has.
    """
    count = 0
    with ExitStack() as open_files:
        files = {name: open_files.enter_context(_sheet(form)) for name in (TABLES if form == "csv" else (LINES,))}
        for name, columns in TABLES.items() if form == "csv" else ():
            csv.writer(files[name]).writerow(columns)
        async for part in parts:
            await asyncio.to_thread(_as_csv if form == "csv" else _as_json, part, files)
            count += len(part.incidents)
            if wrote:
                await wrote(count)
        await asyncio.to_thread(_zip, files, target)
    return count


@contextmanager
def opened(path: Path | None) -> Iterator[IO[bytes]]:
    """Where to write; a file is there only once it is whole, and only its owner may read it.

    Args:
        path: standard output without one.

    Raises:
        InvalidInput: standard output is a screen.
    """
    if path is None:
        if sys.stdout.isatty():
            raise InvalidInput("Nothing was written: a zip is not for the screen. Name a file.", field="file")
        with open(sys.stdout.fileno(), "wb", closefd=False) as whole:  # not tried again at the end, as sys.stdout is
            yield whole
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            yield file
            file.flush()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise


def cell(value: object) -> str:
    """A value as a spreadsheet shows it, and never runs it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, list):
        value = " ".join(f"{file.get('name', '')} {file.get('link', '')}".strip() for file in value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _sheet(form: str) -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="")


def _as_csv(part: Part, files: Mapping[str, IO[str]]) -> None:
    rows: tuple[Sequence[Row], ...] = (part.incidents, part.comments, part.timeline)
    for (name, columns), found in zip(TABLES.items(), rows, strict=True):
        csv.writer(files[name]).writerows([cell(row[column]) for column in columns] for row in found)


def _as_json(part: Part, files: Mapping[str, IO[str]]) -> None:
    """Each incident on a line, with its comments and its history in it."""
    comments, timeline = _grouped(part.comments), _grouped(part.timeline)
    for incident in part.incidents:
        whole = {
            **_named(incident, INCIDENTS),
            "comments": [_named(row, COMMENTS[1:]) for row in comments[incident["id"]]],
            "timeline": [_named(row, TIMELINE[1:]) for row in timeline[incident["id"]]],
        }
        files[LINES].write(json.dumps(whole, ensure_ascii=False) + "\n")


def _grouped(rows: Sequence[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["incident_id"]].append(row)
    return found


def _named(row: Row, columns: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: _iso(row[name]) if isinstance(row[name], datetime) else row[name] for name in columns}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _zip(files: Mapping[str, IO[str]], target: IO[bytes]) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, file in files.items():
            file.flush()
            content = cast("Any", file).buffer
            content.seek(0)
            with archive.open(name, "w", force_zip64=True) as entry:
                shutil.copyfileobj(content, entry)
