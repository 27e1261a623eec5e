"""What a superuser can do to somebody's account, one step each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import mapping, people, superusers
from domain.persons import Person
from domain.policy import Actor, Admission


class Step(StrEnum):
    """The name of a step, as buttons and forms carry it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    ENABLE = "enable"
    DISABLE = "disable"
    MAKE = "make"
    UNMAKE = "unmake"
    UNLINK = "unlink"
    DELETE = "delete"


AT_ONCE: Final = frozenset({Step.APPROVE, Step.REFUSE, Step.ENABLE})
"""What needs no second thought; the rest is asked about."""

LINES: Final[Mapping[Step, str]] = {
    Step.APPROVE: "admin approve",
    Step.ENABLE: "admin enable",
    Step.DISABLE: "admin disable",
    Step.MAKE: "admin super add",
    Step.UNMAKE: "admin super remove",
    Step.UNLINK: "admin unlink",
    Step.DELETE: "admin delete",
}
"""How each is typed; the person follows."""


async def take(session: AsyncSession, step: Step, account_id: UUID, *, by: Actor) -> Person:
    """Do it; the domain asks the policy and says why not."""
    match step:
        case Step.APPROVE:
            return await people.approve(session, account_id, by=by)
        case Step.REFUSE:
            return await people.refuse(session, account_id, by=by)
        case Step.ENABLE:
            return await people.enable(session, account_id, by=by)
        case Step.DISABLE:
            return await people.disable(session, account_id, by=by)
        case Step.MAKE:
            return await superusers.add(session, account_id, by=by)
        case Step.UNMAKE:
            return await superusers.remove(session, account_id, by=by)
        case Step.UNLINK:
            return await mapping.unlink_for(session, account_id, by=by)
        case Step.DELETE:
            return await people.delete(session, account_id, by=by)
        case _ as unreachable:
            assert_never(unreachable)


def fitting(person: Person, reader: Actor) -> list[Step]:
    """The steps that make sense for this person now, at most five."""
    is_oneself = person.id == reader.id
    has_rights = person.is_superuser or person.is_nominated
    is_mapped = person.slack_user_id is not None
    wanted = {
        Step.APPROVE: person.may_join and person.admission is not Admission.ADMITTED,
        Step.ENABLE: not person.is_active,
        Step.DISABLE: person.is_active and not is_oneself,
        Step.MAKE: person.may_join and is_mapped and not has_rights,
        Step.UNMAKE: has_rights,
        Step.UNLINK: person.is_active and is_mapped and not is_oneself,
        Step.DELETE: not is_oneself,
    }
    return [step for step, is_wanted in wanted.items() if is_wanted]
