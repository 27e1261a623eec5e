"""Who is in the workspace: Slack's user objects made from a few words per person."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import manifest

Json = dict[str, Any]

DEFAULT = Path(__file__).with_name("people.yaml")
COLOURS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "684b6c", "5b89d5")
IMAGE_SIZES = (24, 32, 48, 72, 192, 512)


def load(path: Path | None) -> Json:
    return manifest.read(path or DEFAULT)


def bot_user(team: str, name: str, url: str) -> Json:
    bot = user({"id": "U0SANDBOT0", "name": _handle(name), "real_name": name, "bot": True}, team, url)
    bot["profile"] |= {"api_app_id": "A0SANDBOX0", "bot_id": "B0SANDBOX0", "always_active": True}
    return bot


def user(facts: Json, team: str, url: str) -> Json:
    """A full user object, with the address that only some scopes may read."""
    is_guest = bool(facts.get("guest") or facts.get("single_channel_guest"))
    is_bot = bool(facts.get("bot"))
    home = facts.get("team", team)
    made: Json = {
        "id": facts["id"],
        "team_id": home,
        "name": facts["name"],
        "deleted": bool(facts.get("deleted")),
        "color": COLOURS[sum(facts["id"].encode()) % len(COLOURS)],
        "real_name": facts["real_name"],
        **_zone(facts.get("tz", "UTC")),
        "profile": _profile(facts, home, url),
        "is_admin": bool(facts.get("admin")),
        "is_owner": bool(facts.get("admin")),
        "is_primary_owner": bool(facts.get("admin")),
        "is_restricted": is_guest,
        "is_ultra_restricted": bool(facts.get("single_channel_guest")),
        "is_bot": is_bot,
        "is_app_user": False,
        "updated": 1767225600,
        "is_email_confirmed": not is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }
    if "email" in facts:
        made["profile"]["email"] = facts["email"]
    elif home == team and not is_bot and facts["id"] != "USLACKBOT":
        made["profile"]["email"] = f"{facts['name']}@harbour.example"
    return made


def rename(person: Json, real_name: str) -> None:
    person["real_name"] = real_name
    for key in ("real_name", "real_name_normalized", "display_name", "display_name_normalized"):
        person["profile"][key] = real_name


def _handle(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _zone(tz: str) -> Json:
    here = datetime.now(ZoneInfo(tz))
    offset = here.utcoffset()
    return {"tz": tz, "tz_label": here.tzname() or tz, "tz_offset": int(offset.total_seconds()) if offset else 0}


def _profile(facts: Json, team: str, url: str) -> Json:
    name = facts["real_name"]
    picture = f"{url}/avatar/{facts['id']}.svg"
    return {
        "title": facts.get("title", ""),
        "phone": "",
        "skype": "",
        "real_name": name,
        "real_name_normalized": name,
        "display_name": facts.get("display_name", facts["name"]),
        "display_name_normalized": facts.get("display_name", facts["name"]),
        "fields": None,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "g" + facts["id"].lower(),
        **{f"image_{size}": picture for size in IMAGE_SIZES},
        "first_name": name.split()[0],
        "last_name": " ".join(name.split()[1:]),
        "team": team,
    }
