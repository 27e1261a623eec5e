"""What the bot is told of: the events that a change in the workspace causes, in Slack's shapes."""

import copy
import time
from typing import Any

from sandbox.dispatch import Delivery, Dispatcher
from sandbox.manifest import Manifest
from sandbox.store import Channel, Workspace

Json = dict[str, Any]

MESSAGE_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


class Happenings:
    """Tells the bot what it subscribed to, about channels that it is in."""

    def __init__(self, workspace: Workspace, manifest: Manifest, dispatcher: Dispatcher) -> None:
        self.workspace = workspace
        self.manifest = manifest
        self.dispatcher = dispatcher

    def posted(self, channel: Channel, message: Json) -> list[Delivery]:
        event = {**message, "channel": channel.id, "event_ts": message["ts"], "channel_type": channel.kind}
        for summary in ("reply_count", "reply_users_count", "latest_reply", "reply_users", "is_locked", "subscribed"):
            event.pop(summary, None)
        if message.get("subtype") == "thread_broadcast":
            event["root"] = channel.messages[message["thread_ts"]]
        mention = f"<@{self.workspace.bot_user_id}"
        deliveries = self._tell(MESSAGE_EVENTS[channel.kind], event, channel)
        if mention in message["text"] and not channel.is_im and message.get("user") != self.workspace.bot_user_id:
            twin = {key: value for key, value in event.items() if key not in ("channel_type", "subtype", "root")}
            deliveries += self._tell("app_mention", {**twin, "type": "app_mention"}, channel)
        return deliveries

    def changed(self, channel: Channel, message: Json, before: Json) -> list[Delivery]:
        """Also for a root that became a tombstone."""
        event = self._about_message("message_changed", channel)
        return self._tell(
            MESSAGE_EVENTS[channel.kind], {**event, "message": message, "previous_message": before}, channel
        )

    def deleted(self, channel: Channel, before: Json) -> list[Delivery]:
        event = self._about_message("message_deleted", channel)
        return self._tell(
            MESSAGE_EVENTS[channel.kind], {**event, "previous_message": before, "deleted_ts": before["ts"]}, channel
        )

    def reacted(self, kind: str, channel: Channel, message: Json, user: str, reaction: str) -> list[Delivery]:
        event: Json = {"type": kind, "user": user, "reaction": reaction, "event_ts": self.workspace.stamps.next()}
        event["item"] = {"type": "message", "channel": channel.id, "ts": message["ts"]}
        if "user" in message:
            event["item_user"] = message["user"]
        return self._tell(kind, event, channel)

    def joined(self, channel: Channel, user: Json, inviter: str | None) -> list[Delivery]:
        event = self._membership("member_joined_channel", channel, user)
        return self._tell("member_joined_channel", event | ({"inviter": inviter} if inviter else {}), channel)

    def left(self, channel: Channel, user: Json, actor: str) -> list[Delivery]:
        """Call it while the bot still counts as a member."""
        deliveries = self._tell("member_left_channel", self._membership("member_left_channel", channel, user), channel)
        if user["id"] == self.workspace.bot_user_id:
            kind = "group_left" if channel.is_private else "channel_left"
            stamp = self.workspace.stamps.next()
            event = {"type": kind, "channel": channel.id, "actor_id": actor, "event_ts": stamp}
            deliveries += self._tell(kind, event, channel)
        return deliveries

    def channel_changed(self, what: str, channel: Channel, user: str) -> list[Delivery]:
        """``what`` is archive, unarchive or rename; private channels have events of their own."""
        kind = f"{'group' if channel.is_private else 'channel'}_{what}"
        event: Json = {"type": kind, "channel": channel.id, "event_ts": self.workspace.stamps.next()}
        if what == "rename":
            event["channel"] = {
                "id": channel.id,
                "name": channel.name,
                "name_normalized": channel.name,
                "created": 1767225600,
                "is_channel": not channel.is_private,
                "is_mpim": False,
            }
        else:
            event["user"] = user
        return self._tell(kind, event, channel)

    def user_event(self, kind: str, user: Json) -> list[Delivery]:
        """user_change or team_join."""
        stamp = self.workspace.stamps.next()
        shown = self.dispatcher.visible_user(user)
        return self._tell(kind, {"type": kind, "user": shown, "cache_ts": int(time.time()), "event_ts": stamp}, None)

    def left_us(self) -> list[Delivery]:
        """The app was removed; both are sent, in whatever order."""
        stamp = self.workspace.stamps.next()
        tokens: Json = {"oauth": [], "bot": [self.workspace.bot_user_id]}
        revoked: Json = {"type": "tokens_revoked", "tokens": tokens, "event_ts": stamp}
        return [
            *self._tell("tokens_revoked", revoked, None),
            *self._tell("app_uninstalled", {"type": "app_uninstalled", "event_ts": stamp}, None),
        ]

    def home_opened(self, user: str, tab: str, view: Json | None) -> list[Delivery]:
        event: Json = {"type": "app_home_opened", "user": user, "channel": self.workspace.dm(user).id, "tab": tab}
        event["event_ts"] = self.workspace.stamps.next()
        if view is not None:
            event["view"] = view
        return self._tell("app_home_opened", event, None)

    def _about_message(self, subtype: str, channel: Channel) -> Json:
        stamp = self.workspace.stamps.next()
        return {
            "type": "message",
            "subtype": subtype,
            "channel": channel.id,
            "hidden": True,
            "ts": stamp,
            "event_ts": stamp,
            "channel_type": channel.kind,
        }

    def _membership(self, kind: str, channel: Channel, user: Json) -> Json:
        return {
            "type": kind,
            "user": user["id"],
            "channel": channel.id,
            "channel_type": "G" if channel.is_private else "C",
            "team": user["team_id"],
            "event_ts": self.workspace.stamps.next(),
        }

    def _tell(self, subscription: str, event: Json, channel: Channel | None) -> list[Delivery]:
        if not self.manifest.hears(subscription):
            return []
        if channel is not None and self.workspace.bot_user_id not in channel.members:
            return []
        is_shared = channel is not None and channel.shared_with is not None
        return [self.dispatcher.event(copy.deepcopy(event), is_shared=is_shared)]
