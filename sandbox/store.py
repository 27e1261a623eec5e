"""The workspace: people, channels, and what is in them. Nothing here talks to the bot."""

from dataclasses import dataclass, field
from typing import Any

from sandbox import ids, people
from sandbox.errors import SlackError
from sandbox.tickets import Tickets
from sandbox.views import Views

Json = dict[str, Any]

CREATED = 1767225600


@dataclass
class Channel:
    id: str
    name: str = ""
    members: list[str] = field(default_factory=list)
    messages: dict[str, Json] = field(default_factory=dict)
    creator: str = ""
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    shared_with: str | None = None
    with_user: str | None = None
    previous_names: list[str] = field(default_factory=list)

    @property
    def is_im(self) -> bool:
        return self.with_user is not None

    @property
    def kind(self) -> str:
        """Slack's channel_type: channel, group or im."""
        return "im" if self.is_im else "group" if self.is_private else "channel"

    @property
    def scope_family(self) -> str:
        return {"im": "im", "group": "groups", "channel": "channels"}[self.kind]

    def ordered(self) -> list[Json]:
        return [self.messages[ts] for ts in sorted(self.messages)]

    def replies(self, root: str) -> list[Json]:
        return [m for m in self.ordered() if m.get("thread_ts") == root and m["ts"] != root]


class Workspace:
    """Everything that a reset forgets."""

    def __init__(self, facts: Json, *, bot_name: str, url: str) -> None:
        self.url = url
        self.team: Json = facts["team"]
        self.partners: dict[str, Json] = {partner["id"]: partner for partner in facts.get("partners") or []}
        self.bot = people.bot_user(self.team_id, bot_name, url)
        self.bot_id = "B0SANDBOX0"
        self.app_id = "A0SANDBOX0"
        users = [self.bot, *(people.user(person, self.team_id, url) for person in facts["users"])]
        self.users: dict[str, Json] = {user["id"]: user for user in users}
        self.channels: dict[str, Channel] = {}
        for channel in facts["channels"]:
            self._open(channel)
        self.ephemerals: dict[str, list[Json]] = {}
        self.views = Views()
        self.homes: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.uploads: dict[str, Json] = {}
        self.contents: dict[str, bytes] = {}
        self.mails: list[Json] = []
        self.offers: dict[tuple[str, str, str], Json] = {}
        self.tickets = Tickets()
        self.stamps = ids.Stamps()
        self._mark_strangers()

    @property
    def team_id(self) -> str:
        return str(self.team["id"])

    @property
    def bot_user_id(self) -> str:
        return str(self.bot["id"])

    def _open(self, facts: Json) -> None:
        members = [self.person(name)["id"] for name in facts["members"]]
        self.channels[facts["id"]] = Channel(
            id=facts["id"],
            name=facts["name"],
            members=members,
            creator=next((member for member in members if member != self.bot_user_id), ""),
            is_private=bool(facts.get("private")),
            is_archived=bool(facts.get("archived")),
            shared_with=facts.get("shared_with"),
        )

    def _mark_strangers(self) -> None:
        for user in self.users.values():
            if self.is_external(user):
                user["is_stranger"] = not any(user["id"] in c.members and c.shared_with for c in self.channels.values())

    # people

    def person(self, who: str) -> Json:
        """By id or by handle; "bot" is the app's own."""
        if who == "bot":
            return self.bot
        for user in self.users.values():
            if who in (user["id"], user["name"], "@" + user["name"]):
                return user
        raise SlackError("user_not_found")

    def user(self, user_id: str) -> Json:
        found = self.users.get(user_id)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def is_external(self, user: Json) -> bool:
        return bool(user["team_id"] != self.team_id)

    def team_of(self, user: Json) -> Json:
        return self.team if user["team_id"] == self.team_id else self.partners[user["team_id"]]

    # channels

    def channel_named(self, name: str, *, user: str | None = None) -> Channel:
        """By id or #name; "dm" is the user's direct message with the bot."""
        if name == "dm" and user is not None:
            return self.dm(user)
        for channel in self.channels.values():
            if name == channel.id or (channel.name and name.removeprefix("#") == channel.name):
                return channel
        raise SlackError("channel_not_found")

    def dm(self, user: str) -> Channel:
        channel_id = "D" + user[1:]
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(id=channel_id, members=[user, self.bot_user_id], with_user=user)
        return self.channels[channel_id]

    def bot_sees(self, channel: Channel) -> bool:
        return not (channel.is_private or channel.is_im) or self.bot_user_id in channel.members

    def channel(self, channel_id: str) -> Channel:
        """As the bot finds it: private channels without it do not exist."""
        channel = self.channels.get(channel_id)
        if channel is None or not self.bot_sees(channel):
            raise SlackError("channel_not_found")
        return channel

    def joined(self, channel_id: str) -> Channel:
        channel = self.channel(channel_id)
        if self.bot_user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def channel_object(self, channel: Channel, *, member: str | None = None) -> Json:
        if channel.is_im:
            return self._im_object(channel)
        return {
            "id": channel.id,
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": not channel.is_private,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": channel.is_private,
            "created": CREATED,
            "is_archived": channel.is_archived,
            "is_general": channel.name == "general",
            "unlinked": 0,
            "is_shared": channel.shared_with is not None,
            "is_frozen": False,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "context_team_id": self.team_id,
            "updated": CREATED * 1000,
            "parent_conversation": None,
            "creator": channel.creator,
            "is_ext_shared": channel.shared_with is not None,
            "shared_team_ids": [self.team_id, *([channel.shared_with] if channel.shared_with else [])],
            "pending_connected_team_ids": [],
            "is_member": (member or self.bot_user_id) in channel.members,
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "previous_names": list(channel.previous_names),
        }

    def _im_object(self, channel: Channel) -> Json:
        return {
            "id": channel.id,
            "created": CREATED,
            "is_archived": False,
            "is_im": True,
            "is_org_shared": False,
            "context_team_id": self.team_id,
            "updated": CREATED * 1000,
            "user": channel.with_user,
            "is_user_deleted": bool(self.users[channel.with_user or ""]["deleted"]),
            "is_open": True,
            "priority": 0,
        }
