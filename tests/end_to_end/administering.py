"""What superusers' hands and eyes do in tests of administration."""

import json
from typing import Any

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import dialog, words_of

IDS = {"ana": "U0ANA00000", "ben": "U0BEN00000", "chloe": "U0CHLOE000", "dmitri": "U0DMITRI00", "gus": "U0GUS00000"}
IDS |= {"priya": "U0PRIYA000"}
REFUSAL = "Nothing was changed. Only superusers can administer Incident Tracker."
ACCOUNT = (
    'SELECT is_active, is_superuser, admitted_at IS NOT NULL FROM "user" JOIN slack_profile ON user_id = "user".id'
)
DEEDS = "SELECT deed FROM audit_entry ORDER BY id"


async def used(workspace: Workspace, *people: str) -> None:
    for person in people:
        await workspace.stage.command(person, "#general", "whoami")


async def account(workspace: Workspace, person: str) -> tuple[Any, ...]:
    """Whether they are active, a superuser, and were let in."""
    return (await workspace.rows(f"{ACCOUNT} WHERE slack_user_id = :id", id=IDS[person]))[0]


async def account_id(workspace: Workspace, person: str) -> str:
    found = await workspace.rows("SELECT user_id FROM slack_profile WHERE slack_user_id = :id", id=IDS[person])
    return str(found[0][0])


async def sent(workspace: Workspace, who: str, **values: Any) -> Json:
    """The form on top of somebody's screen is submitted; what came of it."""
    view = await dialog(workspace, who)
    typed = {name: {name: value} for name, value in values.items()}
    answered = await workspace.control("submit", {"user": who, "view_id": view["id"], "values": typed})
    await workspace.delivered()
    return answered


async def said(workspace: Workspace, who: str) -> str:
    """What is on somebody's screen in a dialog."""
    return words_of((await dialog(workspace, who))["blocks"])


async def whispered(workspace: Workspace, who: str) -> str:
    """What only they saw last."""
    return str((await workspace.stage.state())["ephemerals"][IDS[who]][-1]["text"])


async def chosen(workspace: Workspace, who: str, row: str, choice: str, channel: str = "#incidents") -> None:
    """A choice in the menu beside this row of the last answer."""
    shown = (await workspace.stage.state())["ephemerals"][IDS[who]][-1]
    await picked(workspace, {"user": who, "channel": channel, "message_ts": shown["ts"]}, shown["blocks"], row, choice)


async def picked(workspace: Workspace, where: Json, blocks: list[Json], row: str, choice: str) -> None:
    menu = next(b["accessory"] for b in blocks if b["type"] == "section" and row in b["text"]["text"])
    value = next(o["value"] for o in menu["options"] if o["text"]["text"] == choice)
    await workspace.control("action", {**where, "action_id": menu["action_id"], "selected": value})
    await workspace.delivered()


def menus(blocks: list[Json]) -> dict[str, list[str]]:
    """What each row's menu offers, by the name in the row."""
    rows = [b for b in blocks if b["type"] == "section" and b.get("accessory", {}).get("type") == "overflow"]
    return {b["text"]["text"].split("*")[1]: [o["text"]["text"] for o in b["accessory"]["options"]] for b in rows}


def clicked(who: str, action_id: str, value: str, **more: Any) -> Json:
    return {
        "type": "block_actions",
        "user": {"id": IDS[who]},
        "team": {"id": "T0HARBOUR0"},
        "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "type": "home"},
        "trigger_id": "1.2.3",
        "actions": [{"type": "button", "block_id": "b", "action_id": action_id, "value": value}],
        **more,
    }


def submitted(who: str, callback_id: str, carried: Json, values: Json | None = None) -> Json:
    return {
        "type": "view_submission",
        "user": {"id": IDS[who]},
        "team": {"id": "T0HARBOUR0"},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": callback_id,
            "title": {"type": "plain_text", "text": "x"},
            "blocks": [],
            "private_metadata": json.dumps(carried),
            "state": {"values": values or {}},
        },
    }
