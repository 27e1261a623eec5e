"""Incidents, with their people, of rows that a written statement read."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select

from domain import db
from domain.incident_table import Incident
from domain.states import Priority, Status
from domain.users import User

OWNER, ASSIGNEE = "owner__", "assignee__"
"""What their columns' names begin with beside the incident's."""
_COLUMNS = tuple(Incident.__table__.c.keys())


def beside(row: Any, joined: Any, *people: str) -> Select[Any]:
    """An incident's columns and, each with a prefix, those of its people."""
    columns = []
    for prefix in people:
        person = User.__table__.alias()
        joined = joined.outerjoin(person, person.c.id == row.c[f"{prefix.strip('_')}_id"])
        columns += [column.label(f"{prefix}{column.name}") for column in person.c]
    return select(row, *columns).select_from(joined)


def whole(row: Any) -> Incident:
    """The incident of a row with whoever was read of its people."""
    values = row._asdict()
    people = {prefix.strip("_"): _person(values, prefix) for prefix in (OWNER, ASSIGNEE) if f"{prefix}id" in values}
    return db.made(Incident, typed(values) | people)


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The incident's columns of a row, with the types that the object has."""
    columns = {name: values[name] for name in _COLUMNS}
    return columns | {"status": Status(columns["status"]), "priority": Priority(columns["priority"])}


def _person(values: Mapping[str, Any], prefix: str) -> User | None:
    theirs = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    return db.made(User, theirs) if theirs["id"] else None
