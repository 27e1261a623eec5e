"""The main job: from the command to the resolution."""

from tests.end_to_end.conftest import Workspace


async def test_creating_by_form_costs_two_calls_to_slack(workspace: Workspace) -> None:
    before = await workspace.mark()

    await workspace.stage.command("ana", "#incidents", "new Checkout returns 500s p1 outage")
    await workspace.stage.submit("ana")
    await workspace.stage.card("#incidents", "Checkout returns 500s")

    assert await workspace.calls(after=before) == ["views.open", "chat.postMessage"]
