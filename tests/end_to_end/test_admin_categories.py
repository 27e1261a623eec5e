"""Categories, as superusers keep them."""

from tests.end_to_end.administering import DEEDS, chosen, said, sent
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import answer, superuser


async def test_categories_are_added_renamed_retired_and_brought_back(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await answer(workspace, "quick Disk full bug:", by="ben")
    await answer(workspace, "category 1 bug", by="ben")

    await answer(workspace, "admin category add hardware", by="ana")
    assert "hardware" in await answer(workspace, "admin category", by="ana")
    await answer(workspace, "admin category rename bug defect", by="ana")
    assert "*bug*" in await said(workspace, "ana")
    await sent(workspace, "ana")
    assert await workspace.rows("SELECT category FROM incident") == [("defect",)]
    await answer(workspace, "admin category retire hardware", by="ana")
    await sent(workspace, "ana")
    assert await workspace.rows("SELECT is_retired FROM category WHERE name = 'hardware'") == [(True,)]
    await workspace.stage.command("ana", "#incidents", "admin category")
    await chosen(workspace, "ana", "hardware (retired)", "Bring back")

    assert await workspace.rows("SELECT is_retired FROM category WHERE name = 'hardware'") == [(False,)]
    history = await answer(workspace, "admin audit", by="ana")
    for words in (
        "brought the category hardware back",
        "retired the category hardware",
        "renamed the category bug to defect",
        "added the category hardware",
    ):
        assert words in history


async def test_a_category_s_name_that_cannot_be_one_is_refused_at_its_field(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await answer(workspace, "admin category add", by="ana")

    answered = await sent(workspace, "ana", category="p1")

    assert "“p1” means something else" in answered["errors"]["category"]
    assert await workspace.rows(DEEDS) == []
