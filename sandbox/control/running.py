"""Running the workspace: members, people, channels, failures, time."""

from typing import Any

from sandbox import ids, people
from sandbox.control.calls import Body, acked
from sandbox.core import Sandbox
from sandbox.dispatch import Envelope, settled
from sandbox.errors import Refused
from sandbox.membership import join, leave, note
from sandbox.store import Channel

Json = dict[str, Any]

DISCONNECTS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")
LOST = "lost"


async def member(box: Sandbox, body: Body) -> Json:
    """``join`` or ``leave``, by themselves or ``by`` another."""
    user = box.workspace.person(body["user"])
    channel = box.workspace.channel_named(body["channel"])
    is_in = user["id"] in channel.members
    actor = box.workspace.person(body["by"])["id"] if "by" in body else None
    if body.get("join") and not is_in:
        return acked(await settled(join(box, channel, user, inviter=actor)))
    if body.get("leave") and is_in:
        return acked(await settled(leave(box, channel, user, actor=actor or user["id"])))
    raise Refused("neither joins nor leaves")


async def user(box: Sandbox, body: Body) -> Json:
    """``deactivate`` and ``guest`` take true or false, ``rename`` and ``email`` words; ``create`` a new handle."""
    if "create" in body:
        return await _hire(box, body)
    person = box.workspace.person(body["user"])
    if "deactivate" in body:
        person["deleted"] = bool(body["deactivate"])
    if "guest" in body:
        person["is_restricted"] = bool(body["guest"])
        person["is_ultra_restricted"] = False
    if "rename" in body:
        people.rename(person, body["rename"])
    if "email" in body:
        person["profile"]["email"] = body["email"]
    person["updated"] += 1
    return {**acked(await settled(box.happenings.user_event("user_change", person))), "user": person}


async def channel(box: Sandbox, body: Body) -> Json:
    """``archive`` takes true or false, ``rename`` a name, ``private`` true; ``create`` makes one by ``user``."""
    if "create" in body:
        return _create(box, body)
    found = box.workspace.channel_named(body["channel"])
    actor = box.workspace.person(body["user"]) if "user" in body else box.workspace.user(found.creator)
    if "archive" in body:
        what = "archive" if body["archive"] else "unarchive"
        deliveries = note(box, found, actor, f"channel_{what}", f"{what}d the channel")
        found.is_archived = bool(body["archive"])
        deliveries += box.happenings.channel_changed(what, found, actor["id"])
    elif "rename" in body:
        words = f'has renamed the channel from "{found.name}" to "{body["rename"]}"'
        found.previous_names.append(found.name)
        found.name = body["rename"]
        deliveries = note(box, found, actor, "channel_name", words)
        deliveries += box.happenings.channel_changed("rename", found, actor["id"])
    elif body.get("private"):
        deliveries = note(box, found, actor, "channel_convert_to_private", "made this channel private")
        found.is_private = True
    else:
        raise Refused("nothing to change")
    return {**acked(await settled(deliveries)), "channel": box.workspace.channel_object(found)}


async def faults(box: Sandbox, body: Body) -> Json:
    """Instead of those that were set before; says how often those struck, by kind."""
    if not isinstance(body.fields, list):
        raise Refused("a list is needed; an empty one clears")
    return {"struck": box.faults.set(body.fields)}


async def deliver(box: Sandbox, body: Body) -> Json:
    """An event once more, as often as asked, now or ``late_s`` later; the ids are in the log.

    One that a fault kept from the bot comes for the first time then, after what happened since.
    """
    if body["event_id"] not in box.dispatcher.events:
        raise Refused("there was no such event")
    await box.clock.sleep(float(body.get("late_s", 0)))
    acks = [await box.dispatcher.again(body["event_id"]) for _ in range(int(body.get("times", 1)))]
    return {**acked(acks[-1]), "acks": [ack.told() for ack in acks]}


async def disconnect(box: Sandbox, body: Body) -> Json:
    """``lost`` is the network's doing: no frame is sent, and Slack may go on counting the connections as ghosts."""
    reason, for_s = body.get("reason", "refresh_requested"), float(body.get("for_s", 0))
    if reason not in (*DISCONNECTS, LOST):
        raise Refused(f"there is no reason {reason}")
    if reason == LOST:
        for socket in box.sockets.lose(for_s, ghosts_for_s=float(body.get("ghosts_for_s", 0))):
            if socket.client is not None:
                box.abort((socket.client.host, socket.client.port))
    elif reason == "warning":
        box.dispatcher.spawn(box.sockets.disconnect(reason, for_s))
    else:
        await box.sockets.disconnect(reason, for_s)
    return {"connections": len(box.sockets.connections), "ghosts": box.sockets.ghosts}


async def ghosts(box: Sandbox, body: Body) -> Json:
    """Connections that nobody is at any more; a ``count`` of 0 ends them."""
    count = int(body["count"])
    if count:
        box.sockets.haunt(count, float(body.get("for_s", 3600)))
    else:
        box.sockets.exorcise()
    return {"connections": len(box.sockets.connections), "ghosts": box.sockets.ghosts}


async def verify(box: Sandbox, body: Body) -> Json:
    """What Slack does when a request URL is entered: it must send the challenge back."""
    url = body.get("url") or box.http.request_url or box.manifest.events_url
    if url is None:
        raise Refused("there is no request URL")
    challenge = ids.new("")
    payload = {"token": "sandbox-verification-token", "challenge": challenge, "type": "url_verification"}
    ack = await box.http.send(Envelope("events_api", payload, url=url))
    answered = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
    if answered not in (challenge, f"challenge={challenge}"):
        raise Refused("the challenge did not come back", ack=ack.told())
    return acked(ack)


async def clock(box: Sandbox, body: Body) -> Json:
    """Let time pass at once, for triggers, acknowledgements, limits and retries."""
    box.clock.advance(float(body["advance_s"]))
    return {}


async def history(box: Sandbox, body: Body) -> Json:
    """``few``: at most 15 messages of a channel or thread a call, and one call a minute; until it is said otherwise."""
    if not isinstance(body["few"], bool):
        raise Refused("few must be true or false")
    box.limits.few = body["few"]
    return {}


async def reset(box: Sandbox, _body: Body) -> Json:
    await box.reset()
    return {}


async def _hire(box: Sandbox, body: Body) -> Json:
    name = body["create"]
    facts = {"id": ids.new("U"), "name": name, "real_name": body.get("real_name", name.title())}
    facts |= {key: body.get(key) for key in ("guest", "admin", "tz", "email") if key in body}
    person = people.user(facts, box.workspace.team_id, box.url)
    box.workspace.users[person["id"]] = person
    return {**acked(await settled(box.happenings.user_event("team_join", person))), "user": person}


def _create(box: Sandbox, body: Body) -> Json:
    creator = box.workspace.person(body["user"])["id"]
    if any(body["create"] == other.name for other in box.workspace.channels.values()):
        raise Refused("name_taken")
    made = Channel(ids.new("C"), body["create"], [creator], creator=creator, is_private=bool(body.get("private")))
    box.workspace.channels[made.id] = made
    return {"ack": {"status": "none", "ms": 0.0, "body": None}, "channel": box.workspace.channel_object(made)}
