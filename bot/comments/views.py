"""What a comment looks like: in the thread, in a list, in full."""

from collections.abc import Sequence

from bot import blocks, mrkdwn
from bot.blocks import Block, Message
from bot.mrkdwn import Mrkdwn
from domain.incidents import Incident
from domain.policy import Action, Actor, allows
from domain.talk import Said

EDIT = "comment.edit_form"
DELETE = "comment.delete_form"
SHOW_ALL = "comment.show_all"
ALL = "comment.all"
PAGE = "comment.page"
MENU = "comment.menu:"

SHORT = 300
PIECE = 2_500
"""Characters of plain text that fit into a section, whatever of it has to be escaped."""
ON_PAGE = 15


def comment(said: Said) -> Message:
    """A comment made elsewhere, as it stands in the thread in the person's name."""
    text = mrkdwn.mrkdwn("*{author}*{mark} says: {content}", author=said.author, mark=said.mark, content=said.content)
    head = mrkdwn.mrkdwn("*{author}*{mark} says", author=said.author, mark=said.mark)
    menu = blocks.overflow(f"{MENU}{said.id}", [_option("Edit…", EDIT, said), _option("Delete…", DELETE, said)])
    return blocks.message(text, [blocks.section(head, accessory=menu), *whole(said.content)])


def row(said: Said, reader: Actor) -> Block:
    """A comment in a list, shortened, with what this reader can do to it."""
    text = mrkdwn.mrkdwn(
        "*{author}*{mark} {at}{edited}\n{text}{files}",
        author=said.author,
        mark=said.mark,
        at=mrkdwn.date(said.created_at),
        edited=" (edited)" if said.edited_at else "",
        text=mrkdwn.shorten(said.content, SHORT),
        files=_files(said),
    )
    offered = [_option("Show all", SHOW_ALL, said)] if len(said.content) > SHORT else []
    if said.is_ours and allows(reader, Action.EDIT_COMMENT, said):
        offered.append(_option("Edit…", EDIT, said))
    if allows(reader, Action.DELETE_COMMENT, said):
        offered.append(_option("Delete…", DELETE, said))
    return blocks.section(text, accessory=blocks.overflow(f"{MENU}{said.id}", offered) if offered else None)


def talk(incident: Incident, said: Sequence[Said], reader: Actor, *, start: int, count: int) -> Block:
    """All comments in a dialog, a page at a time."""
    shown = [row(each, reader) for each in said]
    onward = []
    if start > 0:
        onward.append(blocks.button("Earlier", f"{PAGE}:earlier", value=f"{incident.id}:{max(start - ON_PAGE, 0)}"))
    if start + len(said) < count:
        onward.append(blocks.button("Later", f"{PAGE}:later", value=f"{incident.id}:{start + ON_PAGE}"))
    where = mrkdwn.mrkdwn(
        "{title}\n{first} to {last} of {count}, oldest first.",
        title=incident.title,
        first=start + 1,
        last=start + len(said),
        count=count,
    )
    nothing = Mrkdwn("Nobody has said anything yet. Reply in the thread, or use `/incident comment`.")
    head = blocks.section(where if said else nothing)
    buttons = [blocks.actions(*onward)] if onward else []
    return blocks.modal("comment.talk", f"Comments on {incident.ref}", [head, *shown, *buttons], close="Close")


def one(said: Said) -> Block:
    """A comment in full."""
    head = mrkdwn.mrkdwn("*{author}*{mark} {at}", author=said.author, mark=said.mark, at=mrkdwn.date(said.created_at))
    files = [blocks.section(_files(said))] if said.files else []
    return blocks.modal("comment.text", "Comment", [blocks.section(head), *whole(said.content), *files], close="Close")


def whole(text: str) -> list[Block]:
    """Any length of text, in as many sections as it needs."""
    return [blocks.section(mrkdwn.prose(text[start : start + PIECE])) for start in range(0, len(text), PIECE)]


def not_removed(said_by: str, ref: str) -> Message:
    """Told to whoever deleted a comment that is a person's own message."""
    text = mrkdwn.mrkdwn(
        "The comment by {author} on {ref} is deleted from the record. Its message in the thread is still there: "
        "Slack does not let me delete what a person wrote. Ask {author}, or an administrator of the workspace.",
        author=said_by,
        ref=ref,
    )
    return blocks.words(text)


def _option(name: str, action_id: str, said: Said) -> Block:
    return blocks.option(name, f"{action_id}:{said.id}")


def _files(said: Said) -> Mrkdwn:
    """Each file as a link with its type and size; the file itself stays in Slack."""
    links = [
        mrkdwn.mrkdwn(
            "\n📎 {link} ({kind}, {size})",
            link=mrkdwn.link(file.get("link", ""), file["name"]),
            kind=file.get("type") or "file",
            size=_size(file.get("size", "")),
        )
        for file in said.files
    ]
    return mrkdwn.join("", links)


def _size(number: str) -> str:
    if not number.isdecimal():
        return "size unknown"
    size = int(number)
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1_000, 1)} kB"
