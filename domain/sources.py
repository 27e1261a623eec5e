"""A message in Slack that an incident is made from or that is added to one: what is known of it, who may read it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import incidents
from domain.comments import Comment
from domain.errors import AlreadyDone, InvalidInput, NotFound
from domain.incidents import Incident
from domain.membership import ChannelMember
from domain.outbox import Topic
from domain.policy import Actor
from domain.threads import Thread
from domain.workspaces import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A message in Slack that something is made from.

    Args:
        thread_ts: of the thread it is in, "" if it is in none.
        words, author, app: what it says and who said it, carried along where the bot cannot read it again.
    """

    channel_id: str
    ts: str
    thread_ts: str = ""
    words: str = ""
    author: str = ""
    app: str = ""

    @property
    def root_ts(self) -> str:
        """Of the message under which replies to it stand."""
        return self.thread_ts or self.ts


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of the channel of a source.

    Args:
        is_public: everybody may read it; a channel that the bot does not know counts as private.
        is_open: the bot is in it.
        is_seen: nothing speaks against the person having seen it; of a private channel that the bot is in,
            only its members.
    """

    is_public: bool
    is_open: bool
    is_seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a message before anything is made from it.

    Args:
        incident: whose card, comment or thread it is; None if it is nobody's or hidden from the person.
        is_card, is_kept, is_inside: it is an incident's card, is a comment already, is in an incident's thread.
    """

    place: Place
    incident: Incident | None
    is_card: bool
    is_kept: bool
    is_inside: bool


async def look(session: AsyncSession, source: Source, *, by: Actor) -> Known:
    """What is known of this message, in one statement."""
    here = (Thread.workspace_id == by.workspace_id, Thread.channel_id == source.channel_id)
    kept = (Comment.workspace_id == by.workspace_id, Comment.channel_id == source.channel_id, Comment.ts == source.ts)
    card = select(Thread.incident_id).where(*here, Thread.ts == source.ts).scalar_subquery()
    comment = select(Comment.incident_id).where(*kept).scalar_subquery()
    inside = select(Thread.incident_id).where(*here, Thread.ts == source.thread_ts).scalar_subquery()
    columns = [*place(source, by), card.label("card"), comment.label("comment"), inside.label("inside")]
    facts = select(*columns).subquery("facts")
    about = and_(
        Incident.id == func.coalesce(facts.c.card, facts.c.comment, facts.c.inside),
        incidents.in_workspace(by),
        incidents.visible_to(by),
    )
    row = (await session.execute(select(facts, Incident).select_from(facts).outerjoin(Incident, about))).one()
    return Known(
        place=Place(row.is_public, row.is_open, row.is_seen),
        incident=row.Incident,
        is_card=row.card is not None,
        is_kept=row.comment is not None,
        is_inside=row.inside is not None,
    )


def place(source: Source, by: Actor) -> tuple[ColumnElement[bool], ...]:
    """The columns of a Place, for the statement that needs it."""
    here = (Channel.workspace_id == by.workspace_id, Channel.id == source.channel_id)
    member = is_member(by.workspace_id, source.channel_id, by.slack_user_id)
    is_private = select(Channel.id).where(*here, Channel.is_private).exists()
    return (
        select(Channel.id).where(*here, ~Channel.is_private).exists().label("is_public"),
        select(Channel.id).where(*here, Channel.is_open).exists().label("is_open"),
        or_(~is_private, member).label("is_seen"),
    )


def is_member(workspace_id: str, channel_id: str, slack_user_id: str) -> ColumnElement[bool]:
    """Whether somebody is in a private channel, as far as the bot knows."""
    inside = (ChannelMember.workspace_id == workspace_id, ChannelMember.channel_id == channel_id)
    return select(ChannelMember.channel_id).where(*inside, ChannelMember.slack_user_id == slack_user_id).exists()


def require(source: Source, where: Place, *, channel_id: str, consents: bool, is_among: bool = True) -> None:
    """Raise unless what the message says may be shown in this channel.

    Args:
        consents: the person agreed that others read it.
        is_among: whoever else is shown it, such as an assignee, can read the original.

    Raises:
        NotFound: the person may not see the message.
        InvalidInput: its readers could not see the original, and the person did not agree; field ``consent``.
    """
    if not where.is_seen:
        raise NotFound("Nothing was saved: there is no such message that you can see. Open the form on it again.")
    if not where.is_public and not consents and (channel_id != source.channel_id or not is_among):
        raise InvalidInput(
            "Not saved: this message is from a private channel, and people who cannot see it there would read it here. "
            "Tick the box to allow that, or choose what only its readers can see.",
            field="consent",
        )


def refuse_kept(known: Known) -> None:
    """Raise AlreadyDone if the message is an incident's card, its comment, or in its thread, and say so."""
    name = known.incident.ref if known.incident else "an incident that you cannot see"
    if known.is_card:
        number = known.incident.number if known.incident else ""
        raise AlreadyDone(
            f"Nothing to do: this message is {name} itself. Use its buttons, reply in its thread, "
            f"or type /incident show {number}."
        )
    if known.is_kept:
        raise AlreadyDone(f"Nothing to do: this message is a comment of {name} already.")
    if known.is_inside:
        raise AlreadyDone(f"Nothing to do: this message is in the thread of {name}, which is its record already.")


def announcements(
    source: Source, where: Place, *, whole: bool, single: bool, consents: bool, opens: bool, by: Actor
) -> list[tuple[Topic, dict[str, str]]]:
    """What goes out about a message that an incident was made from, or that was added to one.

    Args:
        whole: bring its thread; only where the bot can read it.
        single: bring the message itself as a comment, a bot's post, too.
        opens: the incident is made from it.
    """
    named = {"channel": source.channel_id, "ts": source.ts, "thread_ts": source.thread_ts, "by": by.slack_user_id}
    linked = (Topic.MESSAGE_LINKED, {**named, "opened": "yes" if opens else ""})
    if not single and not (whole and where.is_open):
        return [linked]
    wanted = {"whole": "yes" if whole and where.is_open else "", "single": "yes" if single else ""}
    carried = {} if where.is_open else {"words": source.words, "author": source.author, "app": source.app}
    return [(Topic.MESSAGE_BROUGHT, {**named, **wanted, **carried, "agreed": "yes" if consents else ""}), linked]
