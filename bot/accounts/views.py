"""Who somebody is here, in words, and what became of their account."""

from bot import blocks
from bot.blocks import Block, Message
from bot.mrkdwn import Mrkdwn, mrkdwn, user
from domain import policy
from domain.accounts import Account
from domain.policy import Action, Actor, Standing, allows

EDIT = "account.edit_form"
CLOSE = "account.close"


def identity(account: Account, actor: Actor) -> Message:
    """Name, address, standing, zone and rights, for themselves only."""
    role = "superuser" if actor.is_superuser else actor.standing.value
    text = mrkdwn(
        "You are {name} ({person}), {role}. {address} Times are shown to you in {zone}. {reason}You can {rights}",
        name=actor.name,
        person=user(actor.slack_user_id),
        role=role,
        address=_address(account),
        zone=actor.time_zone,
        reason="" if actor.is_member or actor.standing is not Standing.MEMBER else f"{policy.reason(actor)} ",
        rights=rights(actor),
    )
    return blocks.message(text, [blocks.section(text), *keeping(actor)])


def keeping(actor: Actor) -> list[Block]:
    """The buttons to change one's account, for those who have one."""
    if not allows(actor, Action.KEEP_ACCOUNT):
        return []
    sure = blocks.confirm(
        "Close your account?",
        "You can do nothing here any more. Your incidents and comments stay. Only a superuser can open it again.",
        "Close it",
        style="danger",
    )
    return [blocks.actions(blocks.button("Edit…", EDIT), blocks.button("Close account…", CLOSE, confirm=sure))]


def rights(actor: Actor) -> Mrkdwn:
    """What follows "You can"."""
    if actor.is_superuser:
        return Mrkdwn("open incidents, work on them, comment, change and delete them, restore them, and administer.")
    if allows(actor, Action.CREATE):
        return Mrkdwn("open incidents, work on them and comment; change and delete what is yours.")
    if allows(actor, Action.REPLY):
        return Mrkdwn("reply in the threads of incidents that you can see. Members can do the rest.")
    return Mrkdwn("do nothing here. Ask a superuser.")


def linked(*, is_superuser: bool) -> Block:
    """The code was right: the account is theirs now."""
    if is_superuser:
        return _notice(
            Mrkdwn("Done. The account is yours, and you are a superuser: `/incident admin` lists what you can do.")
        )
    return _notice(
        Mrkdwn(
            "Done. The account is yours: `/incident whoami` shows it. If somebody else had it, its password, logins "
            "and API tokens are ended."
        )
    )


def address_changed() -> Block:
    """The code was right: the new address counts."""
    return _notice(Mrkdwn("Saved. The new address is yours; the former one is told."))


def saved(*, is_changed: bool) -> Block:
    """The form needed no code."""
    return _notice(Mrkdwn("Saved." if is_changed else "Nothing was changed: all of it is as it was."))


def unlinked() -> Block:
    """The account is nobody's in Slack now."""
    return _notice(Mrkdwn("Unlinked. `/incident link` takes it back with a code sent to its address."))


def closed() -> Message:
    """The account is closed."""
    text = Mrkdwn("Your account is closed. Your incidents and comments stay. A superuser can open it again.")
    return blocks.words(text)


def _address(account: Account) -> Mrkdwn:
    if account.email is None:
        return Mrkdwn("No e-mail address is known.")
    proof = "proved" if account.is_proved else "as Slack says; `/incident link` proves it"
    return mrkdwn("Your e-mail address is {email} ({proof}).", email=account.email, proof=Mrkdwn(proof))


def _notice(words: Mrkdwn) -> Block:
    return blocks.modal("notice", "Your account", [blocks.section(words)], close="Close")
