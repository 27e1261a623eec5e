"""What stands in the database and in Slack when everything is quiet, read once for all checks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, text

from bot.looking import delivery_of
from tests.chaos.journal import Place, Told, posts
from tests.chaos.ledger import Evidence, Ledger
from tests.chaos.people import CARD, Json, is_root

Row: TypeAlias = Any

INCIDENTS = """
SELECT i.*, i.status::text AS state, i.priority::text AS urgency, o.full_name AS owner, a.full_name AS assignee
FROM incident i JOIN "user" o ON o.id = i.owner_id LEFT JOIN "user" a ON a.id = i.assignee_id ORDER BY i.number
"""
ENTRIES = """
SELECT e.*, i.number, i.channel_id, i.deleted_at, u.full_name AS by_name
FROM timeline_entry e JOIN "user" u ON u.id = e.by_user_id LEFT JOIN incident i ON i.id = e.incident_id ORDER BY e.id
"""
COMMENTS = """
SELECT c.*, i.number, u.full_name AS author FROM comment c JOIN incident i ON i.id = c.incident_id
JOIN "user" u ON u.id = c.author_id ORDER BY c.created_at
"""


@dataclass
class Records:
    """The database, Slack, and what people were told."""

    ledger: Ledger
    slack: Json
    events: dict[Place, list[Told]] = field(default_factory=dict)
    removed: set[Place] = field(default_factory=set)
    """What the bot asked Slack to delete."""
    logged: list[str] = field(default_factory=list)
    """What the bots logged that nobody expected."""
    catches_up: bool = False
    """Whether the bot finds what was written while it was away; if not, what Slack never told counts for nothing."""
    stuck: int = 0
    """How often a bot did not end when it was asked to."""
    behind_s: float = 0.0
    """By how much a bot's clock was slow at most."""
    began_s: float = 0.0
    """The time of day when the clock that only goes forward stood at nothing."""
    incidents: Sequence[Row] = ()
    entries: Sequence[Row] = ()
    comments: Sequence[Row] = ()
    revisions: Sequence[Row] = ()
    threads: Sequence[Row] = ()
    outbox: Sequence[Row] = ()
    mended: Sequence[Row] = ()
    """What comparisons found old when nothing was on its way to it."""
    runs: Sequence[Row] = ()
    schedules: Sequence[Row] = ()
    homes: Sequence[Row] = ()

    def read(self, connection: Connection) -> "Records":
        def rows(query: str) -> Sequence[Row]:
            return connection.execute(text(query)).all()

        self.incidents, self.entries, self.comments = rows(INCIDENTS), rows(ENTRIES), rows(COMMENTS)
        self.revisions = rows("SELECT * FROM comment_revision ORDER BY replaced_at")
        self.homes = rows("SELECT *, extract(epoch FROM now() - looked_at)::float AS looked_s FROM home")
        self.threads = rows("SELECT * FROM thread")
        self.outbox = rows("SELECT * FROM outbox ORDER BY id")
        self.mended = rows(
            "SELECT m.*, i.number, i.channel_id FROM chaos.mended m JOIN incident i ON i.id = incident_id"
        )
        self.runs = rows("SELECT r.*, s.channel_id FROM digest_run r JOIN digest_schedule s ON s.id = r.schedule_id")
        self.schedules = rows("SELECT *, (now() at time zone 'UTC')::timestamp AS now_utc FROM digest_schedule")
        return self

    def is_unheard(self, place: Place) -> bool:
        """Whether Slack made an event of it that the bot never acked: it is lost without catching up."""
        return not all(told.is_heard for told in self.events.get(place, ()))

    def is_deleted(self, place: Place) -> bool:
        """Whether somebody deleted this message in Slack."""
        return place not in self.by_place() and any(told.is_end for told in self.events.get(place, ()))

    def posts(self) -> dict[str, list[Place]]:
        """Where everything was posted that a row of the outbox asked for, by row, the earliest first."""
        return posts(self.events)

    def was_deleted_by_a_person(self, place: Place, *, before: Place) -> bool:
        """Whether somebody deleted this message before the other one was posted."""
        ends = [told.at for told in self.events[place] if told.is_end]
        return place not in self.removed and any(at < self.events[before][0].at for at in ends)

    def told_until(self, place: Place, at: datetime) -> list[Told]:
        """What Slack told of this message until then."""
        return [told for told in self.events.get(place, ()) if told.at <= at.timestamp() - self.began_s]

    def threads_by_incident(self) -> dict[Any, set[Place]]:
        """Every thread that is or was an incident's, by its id."""
        found: dict[Any, set[Place]] = defaultdict(set)
        for thread in self.threads:
            found[thread.incident_id].add((thread.channel_id, thread.ts))
        return found

    def messages(self) -> list[tuple[str, Json]]:
        """Every message that is there, with its channel."""
        return [
            (channel["id"], message)
            for channel in self.slack["channels"]
            for message in channel["messages"]
            if message.get("subtype") != "tombstone"
        ]

    def cards(self) -> dict[int, list[tuple[str, Json]]]:
        """The cards that are in Slack, by the incident's number."""
        found: dict[int, list[tuple[str, Json]]] = defaultdict(list)
        for channel, message in self.messages():
            said = CARD.match(message.get("text", "")) if is_root(message) and "bot_id" in message else None
            if said and delivery_of(message):
                found[int(said[1])].append((channel, message))
        return found

    def by_place(self) -> dict[Place, Json]:
        """Every message that is there."""
        return {(channel, message["ts"]): message for channel, message in self.messages()}

    def timelines(self) -> dict[int, list[Row]]:
        """The entries of each incident, in order."""
        found: dict[int, list[Row]] = {incident.number: [] for incident in self.incidents}
        for entry in self.entries:
            found.setdefault(entry.number, []).append(entry)
        return found

    def batches(self) -> list[list[Row]]:
        """The entries of each request, in order."""
        found: dict[Any, list[Row]] = defaultdict(list)
        for entry in self.entries:
            found[entry.batch].append(entry)
        return list(found.values())

    def evidence(self) -> list[Evidence]:
        """What was done, as the database tells it; one for each request of a person."""
        return [left_by(batch) for batch in self.batches()] + [each for c in self.comments for each in self._said(c)]

    def ever_deleted(self) -> set[Any]:
        """Ids of incidents that were deleted at some time: what was on its way then never came."""
        return {entry.incident_id for entry in self.entries if entry.what == "deleted"}

    def forgotten(self) -> set[str]:
        """Everything that comments said that people deleted through the bot."""
        buried = {(comment.channel_id, comment.ts) for comment in self.comments if comment.deleted_at is not None}
        words = [words for place, words in self.ledger.buried.items() if place in buried]
        return {each for said in words for each in self.ledger.all_words(said)}

    def earlier(self, comment: Row) -> list[str]:
        """What a comment said before, in order."""
        return [revision.content for revision in self.revisions if revision.comment_id == comment.id]

    def _said(self, comment: Row) -> list[Evidence]:
        place = (str(comment.channel_id), str(comment.ts))
        if not comment.is_ours:
            return [("brought", *place, str(comment.number))] if place in self.ledger.brought else []
        if comment.deleted_at is not None:
            return [("removed", *place)]
        first, *later = [*self.earlier(comment), comment.content]
        return [("said", first), *(("edited", words) for words in later)]


def left_by(batch: Sequence[Row]) -> Evidence:
    """What one request left: its kind, and what tells it from others."""
    first, last = batch[0], batch[-1]
    what = {entry.what: entry for entry in batch}
    place = (str(first.number), first.by_name)
    if "created" in what:
        return ("created", what["created"].new)
    if "undone" in what:
        return ("undone", first.by_name)
    if last.what in ("resolved", "reopened"):
        return (last.what, last.note)
    if "assigned" in what and what["assigned"].new != first.by_name:
        return ("assigned", *place, what["assigned"].new)
    if "assigned" in what or "started" in what:
        return ("taken", *place)
    if "renamed" in what:
        return ("renamed", what["renamed"].new)
    return (first.what, *place, first.new)
