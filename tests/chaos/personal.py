"""What must be true of what only one person sees: direct messages and Home."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.people import NAMES
from tests.chaos.records import Records, Row

ASSIGNED = re.compile(r".* assigned \S*INC-(\d+)\S* .* to you\. It is ")
TOLD_AGAIN_AFTER_S = 300.0
"""Ten minutes, by a clock that may be wrong by five."""
LOOKED_WITHIN_S = 300.0
ON_PAGE = 10


def who_is_assigned_is_told(records: Records) -> Iterator[str]:
    told = _told(records)
    undone = {entry.incident_id for entry in records.entries if entry.what == "undone"}
    for incident in records.incidents:
        changes = [e for e in records.entries if e.incident_id == incident.id and e.what == "assigned"]
        if incident.id in records.ever_deleted() | undone or not changes:
            continue
        last = changes[-1]
        if last.new == incident.assignee != last.by_name and not told[last.new, incident.number]:
            yield f"{last.by_name} assigned INC-{incident.number} to {last.new}, who was not told"


def nobody_is_told_again_of_the_same_incident(records: Records) -> Iterator[str]:
    for (name, number), times in _told(records).items():
        for earlier, later in pairwise(sorted(times)):
            if later - earlier < TOLD_AGAIN_AFTER_S:
                yield f"{name} was told of INC-{number} at {earlier}, and again {later - earlier:.1f} s later"


def home_shows_what_is_true(records: Records) -> Iterator[str]:
    for home in records.homes:
        view = records.slack["homes"].get(home.slack_user_id)
        name = _name(home.slack_user_id)
        if view is None or name is None or home.looked_s is None or home.looked_s > LOOKED_WITHIN_S:
            continue
        shown, mine = json.dumps(view["blocks"], ensure_ascii=False), [i for i in records.incidents if _is_of(i, name)]
        rows = set(re.findall(r"\|INC-(\d+)>", shown))
        if not rows <= {str(incident.number) for incident in mine} or len(rows) != min(len(mine), ON_PAGE):
            yield f"{name}'s Home shows {sorted(rows)}, not {[incident.number for incident in mine]}"
        for incident in mine:
            if str(incident.number) in rows and _row(incident) not in shown:
                yield f"{name}'s Home does not say {_row(incident)!r}: {shown}"


def _told(records: Records) -> dict[tuple[str, int], list[float]]:
    """When each person was told by direct message that an incident was assigned to them."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for channel in records.slack["channels"]:
        name = _name(channel.get("user", "")) if channel.get("is_im") else None
        for message in channel["messages"] if name else ():
            if name and "bot_id" in message and (said := ASSIGNED.match(message["text"])):
                found[name, int(said[1])].append(float(message["ts"]))
    return found


def _name(slack_user_id: str) -> str | None:
    return next((full for name, full in NAMES.items() if slack_user_id.lower().startswith(f"u0{name}")), None)


def _is_of(incident: Row, name: str) -> bool:
    """Whether it stands in this person's Home."""
    is_mine = name == (incident.assignee or incident.owner)
    return is_mine and incident.deleted_at is None and incident.state != "resolved"


def _row(incident: Row) -> str:
    """The incident's line, as it stands in JSON."""
    held = incident.assignee or "nobody"
    return f"{incident.title}\\n{incident.state.replace('_', ' ')} · {incident.urgency} · {held} · "
