"""Who may do what."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain import policy
from domain.errors import Forbidden
from domain.policy import Action, Actor, Standing

ANA = Actor(id=uuid4(), workspace_id="T1", slack_user_id="U1", name="Ana", time_zone="Asia/Kathmandu")


OF_SOMEBODY = {Action.EDIT, Action.DELETE, Action.EDIT_COMMENT, Action.DELETE_COMMENT, Action.REVOKE_TOKEN}
OF_EVERYBODY = set(Action) - OF_SOMEBODY - {Action.RESTORE, Action.ADMINISTER}


@dataclass(frozen=True)
class Thing:
    """Something with people of its own."""

    owner_id: UUID | None = None
    assignee_id: UUID | None = None


@pytest.mark.parametrize("action", sorted(OF_EVERYBODY))
def test_an_active_member_may_do_what_needs_no_ownership(action: Action) -> None:
    assert policy.allows(ANA, action)


@pytest.mark.parametrize("action", Action)
def test_a_superuser_may_do_everything(action: Action) -> None:
    assert policy.allows(replace(ANA, is_superuser=True), action, Thing())


@pytest.mark.parametrize("action", sorted(OF_SOMEBODY))
def test_an_owner_may_change_and_delete_what_is_theirs_and_nobody_else_may(action: Action) -> None:
    assert policy.allows(ANA, action, Thing(owner_id=ANA.id))
    with pytest.raises(Forbidden, match=r"Only its (owner|author).*superusers can .*You are not one of them"):
        policy.require(ANA, action, Thing(owner_id=uuid4()))
    with pytest.raises(Forbidden):
        policy.require(ANA, action)


def test_an_assignee_may_change_but_not_delete() -> None:
    thing = Thing(owner_id=uuid4(), assignee_id=ANA.id)

    assert policy.allows(ANA, Action.EDIT, thing)
    assert not policy.allows(ANA, Action.DELETE, thing)


def test_restoring_is_for_superusers() -> None:
    with pytest.raises(Forbidden, match="Only superusers can restore an incident"):
        policy.require(ANA, Action.RESTORE)


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.REPLY}))
@pytest.mark.parametrize(
    "standing, reason",
    [(Standing.GUEST, "a guest"), (Standing.EXTERNAL, "another organisation"), (Standing.BOT, "an app")],
)
def test_others_are_told_the_rule_and_what_they_are(action: Action, standing: Standing, reason: str) -> None:
    with pytest.raises(Forbidden, match=f"Only .* can {action}.*{reason}"):
        policy.require(replace(ANA, standing=standing), action)


@pytest.mark.parametrize("standing", [Standing.GUEST, Standing.EXTERNAL])
def test_guests_and_externals_may_reply(standing: Standing) -> None:
    policy.require(replace(ANA, standing=standing), Action.REPLY)


def test_apps_may_not_even_reply() -> None:
    assert not policy.allows(replace(ANA, standing=Standing.BOT), Action.REPLY)


@pytest.mark.parametrize("action", Action)
def test_a_deactivated_person_may_do_nothing(action: Action) -> None:
    with pytest.raises(Forbidden, match="deactivated"):
        policy.require(replace(ANA, is_active=False), action)


def test_times_are_told_on_the_readers_clock_with_the_day_unless_it_is_today() -> None:
    at = datetime(2026, 2, 28, 20, 0, tzinfo=UTC)

    assert ANA.clock(at) == "1 Mar 2026 01:45"
    assert ANA.clock(datetime.now(UTC)) == (datetime.now(UTC) + timedelta(hours=5, minutes=45)).strftime("%H:%M")
