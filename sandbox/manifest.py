"""The app as its manifest describes it: what it may do, what it is told, and what people can call."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where it was built, takes a tenth of the time."""

EVENT_SCOPES: dict[str, tuple[str, ...]] = {  # any one of them; an event that is not listed needs none
    "app_mention": ("app_mentions:read",),
    "channel_archive": ("channels:read",),
    "channel_left": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_unarchive": ("channels:read",),
    "group_archive": ("groups:read",),
    "group_left": ("groups:read",),
    "group_rename": ("groups:read",),
    "group_unarchive": ("groups:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
}


@dataclass(frozen=True)
class Manifest:
    name: str
    bot_name: str
    commands: dict[str, Json] = field(default_factory=dict)
    shortcuts: dict[str, Json] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    home: bool = False
    messages_tab: bool = False
    messages_read_only: bool = False
    interactive: bool = False
    socket_mode: bool = True
    events_url: str | None = None
    interactivity_url: str | None = None
    options_url: str | None = None

    def hears(self, event: str) -> bool:
        """Whether the app subscribed to it, with a scope that allows it."""
        return event in self.events and self.grants(EVENT_SCOPES.get(event, ()))

    def grants(self, any_of: tuple[str, ...]) -> bool:
        """Whether the app has one of these scopes; none are needed for nothing."""
        return not any_of or not set(any_of).isdisjoint(self.scopes)


def read(path: Path) -> Json:
    """What stands in a YAML file."""
    data: Json = yaml.load(path.read_text("utf8"), Loader=LOADER)  # noqa: S506 - either loader is safe
    return data


def load(path: Path) -> Manifest:
    data = read(path)
    features: Json = data.get("features") or {}
    settings: Json = data.get("settings") or {}
    subscribed: Json = settings.get("event_subscriptions") or {}
    interactivity: Json = settings.get("interactivity") or {}
    home: Json = features.get("app_home") or {}
    name = str(data["display_information"]["name"])
    return Manifest(
        name=name,
        bot_name=(features.get("bot_user") or {}).get("display_name", name),
        commands={command["command"]: command for command in features.get("slash_commands") or []},
        shortcuts={shortcut["callback_id"]: shortcut for shortcut in features.get("shortcuts") or []},
        scopes=tuple(((data.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
        events=frozenset(subscribed.get("bot_events") or ()),
        home=bool(home.get("home_tab_enabled")),
        messages_tab=bool(home.get("messages_tab_enabled")),
        messages_read_only=bool(home.get("messages_tab_read_only_enabled")),
        interactive=bool(interactivity.get("is_enabled")),
        socket_mode=bool(settings.get("socket_mode_enabled")),
        events_url=subscribed.get("request_url"),
        interactivity_url=interactivity.get("request_url"),
        options_url=interactivity.get("message_menu_options_url") or interactivity.get("request_url"),
    )
