"""Which statements read or change rows without saying whose: neither the workspace, nor a key that is in no other."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from domain.models import Base

TABLES: Final = Base.metadata.tables
OWNED: Final = {
    name
    for name, table in TABLES.items()
    if "workspace_id" in table.c or any(key.target_fullname.endswith(".id") for key in table.foreign_keys)
}
"""Tables whose rows belong to a workspace, by themselves or through what they are a part of."""
REFERENCE: Final = re.compile(
    r"\b(?P<verb>FROM|JOIN|UPDATE|INTO|USING|ONLY)\s+(?P<name>\"?\w+\"?)(?:\s+(?:AS\s+)?(?P<alias>\"?\w+\"?))?",
    re.IGNORECASE,
)
LISTED: Final = re.compile(
    r"\bFROM\s+[\w\"]+(?:\s+AS\s+\w+)?(?P<more>(?:\s*,\s*[\w\"]+(?:\s+AS\s+\w+)?)+)", re.IGNORECASE
)
TARGET: Final = re.compile(r"\b(?:UPDATE|DELETE FROM)\s+\"?(?P<name>\w+)", re.IGNORECASE)
WORDS: Final = {
    "where", "on", "set", "join", "left", "inner", "outer", "cross", "group", "order", "limit", "values", "for", "as",
    "union", "select", "returning", "with", "using", "full", "default", "natural", "lateral", "tablesample",
}  # fmt: skip
EXCEPTIONS: Final = {
    "FROM installation \nWHERE installation.stopped_at IS NULL": "whoever installed the app is looked for",
    "UPDATE outbox SET leased_until = NULL, leased_by = NULL WHERE leased_by LIKE": "gives back what the dead held",
    "UPDATE outbox SET leased_until=(now()": "the relay takes rows of all workspaces, and gives each to its own house",
    "UPDATE timeline_entry SET line_ts = %(ts)s WHERE batch": "a batch is made by one change, with an id of its own",
    "DELETE FROM delivered WHERE delivered.at <": "forgets old deliveries, whosever, by their age alone",
    "outbox.lane = %(lane_1)s::VARCHAR AND outbox.gave_up_at": "the lane of categories bears the workspace's id",
}
"""Parts of statements that need not say whose rows they mean, each with the reason."""


def keys_of(table: str) -> list[str]:
    """The columns that say whose a row is: the workspace, or what is in no other workspace."""
    found = [column.name for column in TABLES[table].c if column.name == "workspace_id"]
    primary = [column.name for column in TABLES[table].primary_key]
    if primary == ["id"]:
        found.append("id")
    found += [
        key.parent.name
        for key in TABLES[table].foreign_keys
        if key.target_fullname.endswith(".id") and key.column.table.name != "workspace"
    ]
    return list(
        dict.fromkeys([*found, *[name for name in primary if name.endswith("_id") and "workspace_id" not in found]])
    )


def references(sql: str) -> Iterator[tuple[str, str]]:
    """Each table of the statement that is read or changed, and what it is called there."""
    for found in REFERENCE.finditer(sql):
        name, alias = found["name"].strip('"'), (found["alias"] or "").strip('"')
        if name in OWNED and found["verb"].upper() != "INTO":
            yield name, alias if alias and alias.lower() not in WORDS else name
    for found in LISTED.finditer(sql):
        for each in found["more"].replace('"', "").split(",")[1:]:
            name, *alias = each.split()
            if name in OWNED:
                yield name, alias[1] if alias else name


def unscoped(sql: str) -> list[str]:
    """The tables of which the statement may touch any workspace's rows."""
    if any(part in sql for part in EXCEPTIONS):
        return []
    known = {alias: name for name, alias in references(sql)}
    return sorted({known[alias] for alias in known.keys() - _bound(sql, known)})


def _bound(sql: str, known: dict[str, str]) -> set[str]:
    """What is told apart by a value, or by something else that is."""
    target = TARGET.search(sql)
    bare = {target["name"]} if target else set(known) if len(known) == 1 else set()
    bound: set[str] = set()
    ties: list[tuple[str, str]] = []
    for alias, table in known.items():
        columns = "|".join(keys_of(table))
        dotted = rf"\"?(?<![\w.]){re.escape(alias)}\"?\.\"?(?:{columns})\"?(?!\w)"
        name = rf"(?:{dotted}|(?<![\w.\"])(?:{columns})(?!\w))" if alias in bare else dotted
        for found in re.finditer(rf"{name}\s*(?:=|IN)\s*(?P<other>[\w.%\"(]+)", sql, re.IGNORECASE):
            _tie(found["other"], alias, known, bound, ties)
        for found in re.finditer(rf"(?P<other>[\w.\"]+)\s*(?<![<>!])=\s*{name}", sql, re.IGNORECASE):
            _tie(found["other"], alias, known, bound, ties)
    while more := {one for one, other in ties if other in bound} - bound:
        bound |= more
    return bound


def _tie(other: str, alias: str, known: dict[str, str], bound: set[str], ties: list[tuple[str, str]]) -> None:
    named = other.replace('"', "").partition(".")[0]
    if named in known and named != alias and "." in other:
        ties.extend([(alias, named), (named, alias)])
    elif named != alias:
        bound.add(alias)


@contextmanager
def watched(*, but: Engine) -> Iterator[list[str]]:
    """What runs until the block ends, by whichever engine but this; each statement once."""
    seen: dict[str, None] = {}

    def note(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if connection.engine is not but:
            seen[statement] = None

    found: list[str] = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        found += seen
