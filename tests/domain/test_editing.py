"""Changing what an incident says."""

import pytest

from domain import editing, lifecycle
from domain.db import Begin
from domain.editing import NOBODY, Clash, Edit
from domain.errors import AlreadyDone, Conflict, Forbidden, InvalidInput, NotFound
from domain.incidents import Incident, Priority, Target
from domain.policy import Actor
from tests.conftest import SECRET
from tests.domain.conftest import Make, done, shown
from tests.domain.trail import topics, trail


async def edit(
    begin: Begin, incident: Incident, wanted: Edit, *, by: Actor, seen: dict[str, str] | None = None
) -> None:
    async with begin() as session:
        await editing.edit(session, Target(id=incident.id), wanted, seen=seen, by=by)


def prints(incident: Incident) -> dict[str, str]:
    """What a form opened on this version carries."""
    return {name: editing.fingerprint(value) for name, value in editing.values(incident).items()}


async def test_several_values_are_one_change(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()

    wanted = Edit(
        title="Disk  full on db-2",
        description="since 14:05",
        priority=Priority.HIGH,
        category="outage",
        assignee=ben.slack_user_id,
    )
    await edit(begin, incident, wanted, by=ana)

    now = await shown(begin, incident, ana)
    assert (now.title, now.description, now.priority, now.category, now.assignee_id, now.version) == (
        "Disk full on db-2", "since 14:05", Priority.HIGH, "outage", ben.id, incident.version + 1,
    )  # fmt: skip
    assert await trail(begin, incident) == [
        ("created", "", "Disk full", "Ana"),
        ("renamed", "Disk full", "Disk full on db-2", "Ana"),
        ("described", "", "since 14:05", "Ana"),
        ("prioritized", "medium", "high", "Ana"),
        ("categorized", "bug", "outage", "Ana"),
        ("assigned", "", "Ben", "Ana"),
    ]


async def test_a_new_title_has_no_line_in_the_thread_and_a_new_priority_has(
    begin: Begin, opened: Make, ana: Actor
) -> None:
    incident = await opened()

    await edit(begin, incident, Edit(title="Disk full again"), by=ana)
    assert "change.noted" not in await topics(begin, incident)

    await edit(begin, incident, Edit(priority=Priority.LOW), by=ana)
    assert "change.noted" in await topics(begin, incident)


async def test_a_command_that_changes_nothing_says_so(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    with pytest.raises(AlreadyDone, match=r"Nothing to do: INC-1 is like that already. The priority is medium"):
        await edit(begin, incident, Edit(priority=Priority.MEDIUM), by=ana)


async def test_a_form_that_changes_nothing_just_closes(begin: Begin, opened: Make, ana: Actor) -> None:
    incident = await opened()

    await edit(begin, incident, Edit(title="Disk full", priority=Priority.MEDIUM), seen=prints(incident), by=ana)

    assert len(await trail(begin, incident)) == 1


async def test_members_set_priority_and_category_but_not_the_title(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()

    await edit(begin, incident, Edit(priority=Priority.HIGH, category="outage"), by=ben)
    with pytest.raises(Forbidden, match="Only its owner, its assignee and superusers can change title and description"):
        await edit(begin, incident, Edit(title="Mine now"), by=ben)


async def test_an_assignee_may_change_the_title(begin: Begin, opened: Make, ben: Actor) -> None:
    incident = await opened(assignee=ben.slack_user_id)

    await edit(begin, incident, Edit(title="Disk full on db-2"), by=ben)

    assert (await shown(begin, incident, ben)).title == "Disk full on db-2"


async def test_a_form_can_take_it_from_whoever_has_it(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened(assignee=ben.slack_user_id)

    await edit(begin, incident, Edit(assignee=NOBODY), seen=prints(incident), by=ana)

    assert (await shown(begin, incident, ana)).assignee_id is None


async def test_choosing_who_has_it_already_changes_nothing(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened(assignee=ben.slack_user_id)

    await edit(begin, incident, Edit(assignee=ben.slack_user_id), seen=prints(incident), by=ana)

    assert len(await trail(begin, incident)) == 2


async def test_what_somebody_else_changed_and_the_person_did_not_touch_stays(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    seen = prints(incident)
    await edit(begin, incident, Edit(priority=Priority.CRITICAL), by=ben)

    await edit(begin, incident, Edit(title="Disk full on db-2", priority=Priority.MEDIUM), seen=seen, by=ana)

    now = await shown(begin, incident, ana)
    assert (now.title, now.priority) == ("Disk full on db-2", Priority.CRITICAL)


async def test_where_both_changed_the_same_value_nothing_is_saved_and_both_are_told(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened(assignee=ben.slack_user_id)
    seen = prints(incident)
    await edit(begin, incident, Edit(title="Disk full on db-1"), by=ben)

    with pytest.raises(Clash, match="somebody changed title of INC-1") as clash:
        await edit(begin, incident, Edit(title="Disk full on db-2", category="outage"), seen=seen, by=ana)

    assert clash.value.fields == ("title",)
    now = await shown(begin, incident, ana)
    assert (now.title, now.category) == ("Disk full on db-1", "bug")


async def test_both_writing_the_same_is_no_clash(begin: Begin, opened: Make, ana: Actor, ben: Actor) -> None:
    incident = await opened()
    seen = prints(incident)
    await edit(begin, incident, Edit(priority=Priority.HIGH), by=ben)

    await edit(begin, incident, Edit(priority=Priority.HIGH), seen=seen, by=ana)

    assert len(await trail(begin, incident)) == 2


@pytest.mark.parametrize(
    "wanted, field",
    [
        (Edit(title=" "), "title"),
        (Edit(title="x" * 256), "title"),
        (Edit(description="x" * 40_001), "description"),
        (Edit(category="weather"), "category"),
        (Edit(assignee="U0NOBODY"), "assignee"),
    ],
)
async def test_a_value_that_cannot_be_used_is_told_on_its_field(
    begin: Begin, opened: Make, ana: Actor, wanted: Edit, field: str
) -> None:
    incident = await opened()

    with pytest.raises(InvalidInput) as refused:
        await edit(begin, incident, wanted, by=ana)

    assert refused.value.field == field


async def test_a_resolved_incident_can_be_renamed_but_not_given_away(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    incident = await opened()
    await done(begin, lifecycle.resolve, incident, by=ana)

    await edit(begin, incident, Edit(title="Disk was full"), by=ana)
    with pytest.raises(Conflict, match="Reopen it first"):
        await edit(begin, incident, Edit(assignee=ben.slack_user_id), by=ana)


async def test_a_form_about_what_one_may_not_see_finds_nothing(begin: Begin, opened: Make, ben: Actor) -> None:
    secret = await opened("Badge lost", channel_id=SECRET)

    with pytest.raises(NotFound):
        await edit(begin, secret, Edit(priority=Priority.LOW), by=ben)
    async with begin() as session:
        with pytest.raises(NotFound):
            await editing.to_edit(session, Target(id=secret.id), by=ben)


async def test_a_form_shows_the_assignee_as_slack_knows_them(
    begin: Begin, opened: Make, ana: Actor, ben: Actor
) -> None:
    held, free = await opened(assignee=ben.slack_user_id), await opened()

    async with begin() as session:
        assert (await editing.to_edit(session, Target(id=held.id), by=ana))[1] == ben.slack_user_id
        assert (await editing.to_edit(session, Target(id=free.id), by=ana))[1] is None


async def test_guests_cannot_open_the_form(begin: Begin, opened: Make, gus: Actor) -> None:
    incident = await opened()

    async with begin() as session:
        with pytest.raises(Forbidden):
            await editing.to_edit(session, Target(id=incident.id), by=gus)
