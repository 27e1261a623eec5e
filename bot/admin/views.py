"""Administration in words: what there is, what was done, and what people are told of it."""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from bot import blocks
from bot.admin.steps import Step
from bot.blocks import Message
from bot.incidents.views import spoken
from bot.mrkdwn import Mrkdwn, channel, escape, join, mrkdwn, user
from domain.audit import Deed, Event
from domain.persons import Person

PERSON = "admin.person"
CATEGORY = "admin.category"
CATEGORY_ADD = "admin.category_form"
MENU: Final = "admin.menu:"
"""Names a menu apart from the others; what is chosen in it has a name of its own."""
DECIDE = "admin.decide"
_ALONE: Final = {
    Deed.DELETED: Mrkdwn("deleted an account"),
    Deed.CLOSED: Mrkdwn("closed their account"),
    Deed.RENAMED: Mrkdwn("changed their name here"),
    Deed.ADDRESS_CHANGED: Mrkdwn("changed their e-mail address"),
    Deed.CODE_PRINTED: Mrkdwn("printed a code"),
    Deed.PASSWORD_SET: Mrkdwn("set their password for the API"),
}


def said(text: Mrkdwn) -> Message:
    """One sentence."""
    return blocks.words(text)


def account_asked(person: Person) -> Message:
    """Told to each superuser when somebody wants to use the bot and must be let in."""
    text = mrkdwn("{name}{who} asks for an account.", name=person.name, who=_mentioned(person.slack_user_id))
    refuse = blocks.confirm(
        f"Refuse {person.name}?",
        "They are deactivated here and are told. You can let them in later with /incident admin enable.",
        "Refuse",
        style="danger",
    )
    buttons = [
        blocks.button("Approve", f"{DECIDE}:approve", value=f"{Step.APPROVE}:{person.id}", style="primary"),
        blocks.button("Refuse", f"{DECIDE}:refuse", value=f"{Step.REFUSE}:{person.id}", confirm=refuse),
    ]
    return blocks.message(text, [blocks.section(text), blocks.actions(*buttons)])


def doer(event: Event) -> str:
    """Whoever did it; nobody in Slack did what was done on the server."""
    return event.by_name or ("Incident Tracker" if event.deed is Deed.WEBHOOK_STOPPED else "Somebody on the server")


def deed(event: Event) -> Mrkdwn:
    """What was done, as it goes on after a name: "let Nora in"."""
    name, facts = event.about_name or "somebody", event.details
    match event.deed:
        case Deed.DELETED | Deed.CLOSED | Deed.RENAMED | Deed.ADDRESS_CHANGED | Deed.CODE_PRINTED | Deed.PASSWORD_SET:
            return _ALONE[event.deed]
        case Deed.APPROVED:
            return mrkdwn("let {name} in", name=name)
        case Deed.DISABLED:
            return mrkdwn("deactivated {name}", name=name)
        case Deed.ENABLED:
            return mrkdwn("activated {name}", name=name)
        case Deed.LINKED | Deed.RECOVERED | Deed.UNLINKED:
            return _moved(event)
        case Deed.NOMINATED:
            return mrkdwn("named {name} as a superuser, once their address is proved", name=name)
        case Deed.SUPERUSER_MADE:
            return mrkdwn("made {name} a superuser", name=name)
        case Deed.SUPERUSER_UNMADE:
            return mrkdwn("took the superuser's rights from {name}", name=name)
        case Deed.TOKEN_MADE:
            return mrkdwn("made the API token “{label}”", label=facts.get("name", ""))
        case Deed.TOKEN_REVOKED:
            return mrkdwn("revoked the API token “{label}”", label=facts.get("name", ""))
        case Deed.WEBHOOK_ADDED | Deed.WEBHOOK_REMOVED | Deed.WEBHOOK_SWITCHED_ON | Deed.WEBHOOK_STOPPED:
            return _connected(event.deed, facts)
        case Deed.CATEGORY_ADDED | Deed.CATEGORY_RETIRED | Deed.CATEGORY_BROUGHT_BACK | Deed.CATEGORY_RENAMED:
            return _sorted(event.deed, facts)
        case Deed.DIGEST_ASKED:
            return mrkdwn("had the digest of {where} posted at once", where=channel(facts.get("channel", "")))
        case Deed.DIGEST_SET | Deed.DIGEST_PAUSED | Deed.DIGEST_RESUMED | Deed.DIGEST_REMOVED:
            return _scheduled(event.deed, facts)
        case Deed.EXPORTED:
            return mrkdwn("took everything away as {form}", form=facts.get("form", "a file"))
        case Deed.NUDGES_SET | Deed.NUDGES_STOPPED:
            return _nudged(event.deed, facts)
        case Deed.INCIDENT_EDITED | Deed.INCIDENT_DELETED | Deed.INCIDENT_RESTORED:
            return mrkdwn("{verb} {ref}", verb=event.deed.value.rpartition(" ")[2], ref=facts.get("ref", ""))
        case Deed.COMMENT_EDITED | Deed.COMMENT_DELETED:
            verb = event.deed.value.rpartition(" ")[2]
            return mrkdwn("{verb} somebody's comment on {ref}", verb=verb, ref=facts.get("ref", ""))
        case _ as unreachable:
            assert_never(unreachable)


def told(event: Event, reader: str, superusers: Sequence[str]) -> Message:
    """One sentence for whom it concerns, or for a superuser who should know.

    Args:
        reader: Slack id.
        superusers: Slack ids of some, to ask for help.
    """
    if reader not in (event.about_slack_id, event.details.get("from")):
        return said(mrkdwn("{who} {deed}.{more}", who=doer(event), deed=deed(event), more=_rights_too(event)))
    return said(_to_them(event, superusers))


def _to_them(event: Event, superusers: Sequence[str]) -> Mrkdwn:
    """The same for the person that it was done to."""
    who = doer(event)
    match event.deed:
        case Deed.APPROVED:
            return mrkdwn("{who} let you in. `/incident help` lists what you can do.", who=who)
        case Deed.DISABLED:
            return mrkdwn("{who} deactivated your account. What you wrote stays.{ask}", who=who, ask=_ask(superusers))
        case Deed.ENABLED:
            return mrkdwn("{who} activated your account. `/incident help` lists what you can do.", who=who)
        case Deed.SUPERUSER_MADE:
            return mrkdwn("{who} made you a superuser. `/incident admin` lists what you can do.", who=who)
        case Deed.SUPERUSER_UNMADE:
            return mrkdwn("{who} took your superuser's rights.", who=who)
        case Deed.LINKED:
            return mrkdwn("{who} linked an account to you: `/incident whoami` shows it.", who=who)
        case Deed.UNLINKED:
            return mrkdwn("{who} parted you from your account. Your next use makes a new one.", who=who)
        case Deed.RECOVERED:
            to = user(event.details.get("to", ""))
            return mrkdwn(
                "Your account was moved to {to}, who entered a code sent to its address. Its password, logins and API "
                "tokens are ended. "
                "If that was not you, tell a superuser at once{ask}",
                to=to,
                ask=mrkdwn(": {whom}.", whom=_list(superusers)) if superusers else ".",
            )
        case _:
            return mrkdwn("{who} {deed}.", who=who, deed=deed(event))


def _moved(event: Event) -> Mrkdwn:
    """Which account belongs to another Slack user now."""
    name, facts = event.about_name or "somebody", event.details
    before, after = user(facts.get("from", "")), user(facts.get("to") or event.about_slack_id or "")
    if event.deed is Deed.UNLINKED:
        return mrkdwn("parted {name}'s account from {before}", name=name, before=before)
    if event.deed is Deed.RECOVERED:
        moved = mrkdwn("; it moved from {before} to {after}", before=before, after=after) if before else ""
        return mrkdwn("recovered {name}'s account with a code{moved}", name=name, moved=moved)
    how = " with a code" if facts.get("to") else ""
    return mrkdwn("linked {name}'s account to {after}{how}", name=name, after=after, how=how)


def _sorted(what: Deed, facts: Mapping[str, str]) -> Mrkdwn:
    """What became of a category."""
    name, new = spoken(facts.get("name") or facts.get("old", "")), spoken(facts.get("new", ""))
    match what:
        case Deed.CATEGORY_RENAMED:
            return mrkdwn("renamed the category {name} to {new}", name=name, new=new)
        case Deed.CATEGORY_RETIRED:
            return mrkdwn("retired the category {name}", name=name)
        case Deed.CATEGORY_BROUGHT_BACK:
            return mrkdwn("brought the category {name} back", name=name)
        case _:
            return mrkdwn("added the category {name}", name=name)


def _connected(what: Deed, facts: Mapping[str, str]) -> Mrkdwn:
    """What became of a webhook."""
    name = mrkdwn("webhook {number} to {host}", number=facts.get("number", ""), host=facts.get("name", ""))
    if what is Deed.WEBHOOK_STOPPED:
        words = "switched {name} off: {why}. `/incident admin webhook on {number}` switches it on again"
        return mrkdwn(words, name=name, why=facts.get("why", ""), number=facts.get("number", ""))
    verb = {Deed.WEBHOOK_ADDED: "added", Deed.WEBHOOK_REMOVED: "removed"}.get(what, "switched on again:")
    return mrkdwn("{verb} {name}", verb=verb, name=name)


def _scheduled(what: Deed, facts: Mapping[str, str]) -> Mrkdwn:
    """What became of a channel's digest."""
    times = mrkdwn(" to {times}", times=facts["times"]) if "times" in facts else Mrkdwn("")
    verb = what.value.rpartition(" ")[2]
    return mrkdwn(
        "{verb} the digest of {where}{times}", verb=verb, where=channel(facts.get("channel", "")), times=times
    )


def _nudged(what: Deed, facts: Mapping[str, str]) -> Mrkdwn:
    """From when on people are reminded."""
    spans = [f"{cause} for {int(facts[cause]) // 60} min" for cause in ("unassigned", "silent") if cause in facts]
    verb = what.value.rpartition(" ")[2]
    times = mrkdwn(": {spans}", spans=", ".join(spans)) if spans else Mrkdwn("")
    return mrkdwn(
        "{verb} nudges of {priority} incidents{times}", verb=verb, priority=facts.get("priority", ""), times=times
    )


def _rights_too(event: Event) -> str:
    return " They are a superuser by this." if event.details.get("superuser") else ""


def _ask(superusers: Sequence[str]) -> Mrkdwn:
    return mrkdwn(" Ask {whom} why.", whom=_list(superusers)) if superusers else Mrkdwn("")


def _list(people: Sequence[str]) -> Mrkdwn:
    return join(" or ", [user(each) for each in people])


def _mentioned(slack_user_id: str | None) -> Mrkdwn:
    return mrkdwn(" ({who})", who=user(slack_user_id)) if slack_user_id else escape("")
