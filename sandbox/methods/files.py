"""files.* and reactions.*: uploads in three steps, emoji under messages."""

from typing import Any

from sandbox import ids, messages
from sandbox.core import Sandbox
from sandbox.errors import SlackError, arguments_refused
from sandbox.formatting import text
from sandbox.methods.method import Method
from sandbox.reactions import react, unreact

Json = dict[str, Any]

WRITE = ("files:write",)
REACT = ("reactions:write",)


def get_upload_url(box: Sandbox, args: Json) -> Json:
    if args["length"] <= 0:
        raise arguments_refused("length must be greater than 0")
    file_id = ids.new("F")
    box.workspace.uploads[file_id] = {"name": args["filename"], "size": args["length"], "content": None}
    return {"upload_url": f"{box.url}/upload/{file_id}", "file_id": file_id}


def complete_upload(box: Sandbox, args: Json) -> Json:
    wanted = args["files"]
    if not isinstance(wanted, list) or not wanted or any(f.get("id") not in box.workspace.uploads for f in wanted):
        raise SlackError("file_not_found")
    channel = box.workspace.joined(args["channel_id"]) if "channel_id" in args else None
    made = [_completed(box, file["id"], file.get("title")) for file in wanted]
    if channel is not None:
        message = messages.from_bot(box.workspace, text=text(args.get("initial_comment", "")), files=made, upload=True)
        message["subtype"] = "file_share"
        messages.add(box.workspace, channel, message, thread_ts=args.get("thread_ts"))
        box.happenings.posted(channel, message)
    return {"files": made}


def info(box: Sandbox, args: Json) -> Json:
    file = box.workspace.files.get(args["file"])
    if file is None:
        raise SlackError("file_not_found")
    return {"file": file, "comments": [], "response_metadata": {"next_cursor": ""}}


def add_reaction(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    react(box, channel, messages.find(channel, args["timestamp"]), box.workspace.bot_user_id, args["name"])
    return {}


def remove_reaction(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    unreact(box, channel, messages.find(channel, args["timestamp"]), box.workspace.bot_user_id, args["name"])
    return {}


def get_reactions(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    message = messages.find(channel, args["timestamp"])
    return {"type": "message", "channel": channel.id, "message": messages.told(message)}


def described(box: Sandbox, file_id: str, *, name: str, mimetype: str, size: int, user: str) -> Json:
    """A file object."""
    kind = name.rpartition(".")[2].lower()
    link = f"{box.url}/files/{file_id}/{name}"
    return {
        "id": file_id,
        "created": int(float(box.workspace.stamps.next())),
        "timestamp": int(float(box.workspace.stamps.next())),
        "name": name,
        "title": name,
        "mimetype": mimetype,
        "filetype": kind,
        "pretty_type": kind.upper(),
        "user": user,
        "user_team": box.workspace.user(user)["team_id"],
        "editable": False,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": link,
        "url_private_download": link,
        "permalink": link,
        "has_rich_preview": False,
        "file_access": "visible",
    }


def _completed(box: Sandbox, file_id: str, title: str | None) -> Json:
    upload = box.workspace.uploads.pop(file_id)
    mimetype = "application/octet-stream"
    user = box.workspace.bot_user_id
    file = described(box, file_id, name=upload["name"], mimetype=mimetype, size=upload["size"], user=user)
    file["title"] = title or upload["name"]
    box.workspace.files[file_id] = file
    if upload["content"] is not None:
        box.workspace.contents[file_id] = upload["content"]
    return file


METHODS = {
    "files.getUploadURLExternal": Method(
        get_upload_url, "filename! length!:int alt_txt", tier=4, scopes=WRITE, takes_json=False
    ),
    "files.completeUploadExternal": Method(
        complete_upload, "files!:json channel_id thread_ts initial_comment", tier=4, scopes=WRITE
    ),
    "files.info": Method(info, "file!", tier=4, scopes=("files:read",), takes_json=False),
    "reactions.add": Method(add_reaction, "channel! timestamp! name!", scopes=REACT),
    "reactions.remove": Method(remove_reaction, "channel! timestamp! name!", tier=2, scopes=REACT),
    "reactions.get": Method(
        get_reactions, "channel! timestamp! full:bool", scopes=("reactions:read",), takes_json=False
    ),
}
