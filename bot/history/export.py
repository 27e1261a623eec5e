"""An incident as files: Markdown to read, JSON for machines."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.incidents import Incident
from domain.talk import Said
from domain.timeline import Happening


def markdown(incident: Incident, happenings: Sequence[Happening], said: Sequence[Said]) -> str:
    """For people: facts, description, history, comments. Times are UTC; what people wrote stands in quotes."""
    facts = {
        "Status": incident.status.label,
        "Priority": incident.priority.value,
        "Category": incident.category,
        "Assignee": incident.assignee.full_name if incident.assignee else "nobody",
        "Owner": incident.owner.full_name,
        "Opened": _at(incident.created_at),
        "Resolved": _at(incident.resolved_at) if incident.resolved_at else "not yet",
    }
    parts = [f"# {incident.ref} {_line(incident.title)}", "\n".join(f"- {k}: {_line(v)}" for k, v in facts.items())]
    if incident.description:
        parts += ["## Description", _quoted(incident.description)]
    if incident.resolution:
        parts += ["## Resolution", _quoted(incident.resolution)]
    parts += ["## History", "\n".join(f"- {_at(h.at)} {_line(h.by_name)}: {_happening(h)}" for h in happenings)]
    parts += ["## Comments", *(_comment(comment) for comment in said)] if said else []
    return "\n\n".join(parts) + "\n"


def json_text(incident: Incident, happenings: Sequence[Happening], said: Sequence[Said]) -> str:
    """For machines: the same with ids and earlier versions; times in ISO 8601, UTC."""
    whole = {
        "incident": {
            "id": str(incident.id),
            "number": incident.number,
            "title": incident.title,
            "description": incident.description,
            "status": incident.status.value,
            "priority": incident.priority.value,
            "category": incident.category,
            "owner": incident.owner.full_name,
            "assignee": incident.assignee.full_name if incident.assignee else None,
            "created_at": _iso(incident.created_at),
            "updated_at": _iso(incident.updated_at),
            "resolved_at": _iso(incident.resolved_at),
            "resolution": incident.resolution,
        },
        "timeline": [_event(happening) for happening in happenings],
        "comments": [_said(comment) for comment in said],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _event(happening: Happening) -> dict[str, Any]:
    return {
        "what": happening.what.value,
        "old": happening.old,
        "new": happening.new,
        "note": happening.note,
        "by": happening.by_name,
        "surface": happening.surface.value,
        "at": _iso(happening.at),
    }


def _said(comment: Said) -> dict[str, Any]:
    return {
        "id": str(comment.id),
        "author": comment.author,
        "standing": comment.standing.value,
        "content": comment.content,
        "files": comment.files,
        "created_at": _iso(comment.created_at),
        "edited_at": _iso(comment.edited_at),
        "deleted_at": _iso(comment.deleted_at),
        "earlier": [{"content": old.content, "replaced_at": _iso(old.replaced_at)} for old in comment.earlier],
    }


def _happening(happening: Happening) -> str:
    values = " → ".join(_line(value) for value in (happening.old, happening.new) if value)
    note = f" “{_line(happening.note)}”" if happening.note else ""
    return f"{happening.what.value}{f' {values}' if values else ''}{note}"


def _comment(comment: Said) -> str:
    head = f"### {_line(comment.author)}{comment.mark}, {_at(comment.created_at)}"
    if comment.deleted_at:
        return f"{head}\n\n(deleted {_at(comment.deleted_at)})"
    edited = f", edited {_at(comment.edited_at)}" if comment.edited_at else ""
    files = [f"- {_line(f['name'])} ({_line(f['type'])}, {_line(f['size'])} bytes): {f['link']}" for f in comment.files]
    body = [_quoted(comment.content)] if comment.content else []
    return "\n\n".join([f"{head}{edited}", *body, *(["\n".join(files)] if files else [])])


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
