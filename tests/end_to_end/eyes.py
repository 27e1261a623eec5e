"""What people see, and what nobody can send through the page."""

from typing import Any

from slack_bolt.request.async_request import AsyncBoltRequest

from tests.end_to_end.conftest import Json, Workspace


async def answer(workspace: Workspace, line: str, *, by: str = "ben", channel: str = "#incidents") -> str:
    """What a command says to whoever typed it; "" where a form opened."""
    return str((await workspace.stage.command(by, channel, line)).get("text", ""))


async def superuser(workspace: Workspace, *people: str) -> None:
    """They administer, however they came to that, with an account each; Ana if nobody is named."""
    for person in people or ("ana",):
        await workspace.stage.command(person, "#general", "whoami")
        await workspace.changed('UPDATE "user" SET is_superuser = true WHERE full_name ILIKE :n', n=f"{person}%")


async def thread(workspace: Workspace, card: Json, channel: str = "#incidents") -> list[str]:
    """The texts under a card, oldest first."""
    messages = await workspace.stage.messages(channel)
    return [m["text"] for m in messages if m.get("thread_ts") == card["ts"] != m["ts"] and not m.get("deleted")]


async def direct_messages(workspace: Workspace, person: str) -> list[str]:
    """What the bot wrote to somebody directly."""
    wanted = f"D0{person.upper()}".ljust(10, "0")
    for channel in (await workspace.stage.state())["channels"]:
        if channel["id"] == wanted:
            return [message["text"] for message in channel["messages"]]
    return []


async def dialog(workspace: Workspace, person: str) -> Json:
    """The dialog on top of somebody's screen."""
    stacks: dict[str, list[Json]] = (await workspace.stage.state())["views"]
    return next(stack[-1] for user, stack in stacks.items() if user.lower().startswith(f"u0{person}") and stack)


def words_of(blocks: Any) -> str:
    """Everything in blocks that can be read, one text a line."""
    if isinstance(blocks, dict):
        own = [blocks["text"]] if isinstance(blocks.get("text"), str) else []
        return "\n".join([*own, *filter(None, (words_of(value) for value in blocks.values()))])
    return "\n".join(filter(None, map(words_of, blocks))) if isinstance(blocks, list) else ""


async def handed_in(workspace: Workspace, body: Json) -> int:
    """A payload that the local workspace never makes, given to the app as Socket Mode gives it; the status."""
    response = await workspace.bot.app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
    return int(response.status)
