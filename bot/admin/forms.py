"""The forms of administration, each beside its reader; what they carry along proves nothing."""

import json
from typing import Any, Final
from uuid import UUID

from bot import blocks, forms
from bot.admin.rows import NAMES
from bot.admin.steps import Step
from bot.blocks import Block
from bot.house import Payload
from bot.incidents.views import spoken
from bot.mrkdwn import Mrkdwn, mrkdwn
from domain import addresses
from domain.errors import NotFound
from domain.persons import Person

CONFIRM_FORM = "admin.confirm"
PICK_FORM = "admin.pick"
LINK_FORM = "admin.link"
ADD_FORM = "admin.add_category"
RENAME_FORM = "admin.rename_category"
RETIRE_FORM = "admin.retire_category"

LONGEST_CATEGORY: Final = 60
TITLES: Final = {
    Step.APPROVE: "Approve",
    Step.REFUSE: "Refuse",
    Step.ENABLE: "Activate",
    Step.DISABLE: "Deactivate",
    Step.MAKE: "Make superuser",
    Step.UNMAKE: "Unmake superuser",
    Step.UNLINK: "Unlink",
    Step.DELETE: "Delete account",
}
"""Titles and buttons; Slack allows 24 characters."""
WARNINGS: Final = {
    Step.APPROVE: Mrkdwn("They can use Incident Tracker from now on, and are told."),
    Step.REFUSE: Mrkdwn("They cannot use Incident Tracker, and are told."),
    Step.ENABLE: Mrkdwn("They can use Incident Tracker again, and are told. They do not become a superuser by it."),
    Step.DISABLE: Mrkdwn(
        "They can do nothing here any more and are no superuser. Their incidents and comments stay. They are told. "
        "`/incident admin enable` lets them back in."
    ),
    Step.MAKE: Mrkdwn(
        "They can change and delete every incident that they see, manage people and categories, and make or unmake "
        "superusers, you among them. They and all superusers are told."
    ),
    Step.UNMAKE: Mrkdwn("They keep their account and lose the rights. They and all superusers are told."),
    Step.UNLINK: Mrkdwn(
        "The account keeps its incidents, comments and rights, and can be linked again. The person is told; their "
        "next use makes a new account. To keep somebody out, deactivate them."
    ),
    Step.DELETE: Mrkdwn(
        "Name, address and rights are forgotten; this cannot be taken back. Their incidents and comments stay, by a "
        "deleted person. Their next use makes a new account. To keep somebody out, deactivate them instead."
    ),
}
"""What will happen and what stays."""


def confirm_form(step: Step, person: Person) -> Block:
    """The question before something grave."""
    text = mrkdwn("*{title}: {name}?*\n{warning}", title=TITLES[step], name=person.name, warning=WARNINGS[step])
    carried = json.dumps({"step": step, "account": str(person.id)})
    return blocks.modal(
        CONFIRM_FORM, TITLES[step], [blocks.section(text)], submit=TITLES[step], private_metadata=carried
    )


def read_confirm(view: Payload) -> tuple[Step, UUID]:
    """What was agreed to, and about which account; raises NotFound if the form is not ours."""
    carried = forms.carried(view)
    return _step(carried.get("step")), _account(carried.get("account"))


def read_choice(value: str) -> tuple[Step, UUID]:
    """The same, from a button or a menu."""
    step, _, account = value.partition(":")
    return _step(step), _account(account)


def pick_form(step: Step) -> Block:
    """Whom, where the line did not say so."""
    person = blocks.users_select("person", placeholder="Choose somebody")
    return blocks.modal(
        PICK_FORM,
        TITLES[step],
        [blocks.input_block("Person", person, block_id="person")],
        submit="Go on" if NAMES[step].endswith("…") else TITLES[step],
        private_metadata=json.dumps({"step": step}),
    )


def read_pick(view: Payload) -> tuple[Step, str]:
    """The step and the Slack user."""
    return _step(forms.carried(view).get("step")), _text(forms.typed(view), "person")


def link_form(slack_user_id: str | None, address: str = "") -> Block:
    """Who gets the account with which address."""
    words = Mrkdwn(
        "The account with this address becomes this person's, with its incidents, comments and rights. The account "
        "that they have now keeps its own, without a Slack user. They are told; if it is a superuser's account, all "
        "superusers are, too. Only do this for somebody whom you know to be its owner."
    )
    person = blocks.users_select("person", initial=slack_user_id, placeholder="Choose somebody")
    email = blocks.text_input("email", initial=address[: addresses.LONGEST], max_length=addresses.LONGEST)
    return blocks.modal(
        LINK_FORM,
        "Link an account",
        [
            blocks.section(words),
            blocks.input_block("Person", person, block_id="person"),
            blocks.input_block("E-mail address of the account", email, block_id="email"),
        ],
        submit="Link",
    )


def read_link(view: Payload) -> tuple[str, str]:
    """The Slack user and the address."""
    typed = forms.typed(view)
    return _text(typed, "person"), _text(typed, "email")


def add_form() -> Block:
    """A new category's name."""
    return blocks.modal(ADD_FORM, "Add a category", [_name()], submit="Add")


def rename_form(old: str, new: str = "") -> Block:
    """Another name for a category."""
    words = mrkdwn(
        "Another name for *{old}*. Incidents that have it, resolved ones too, follow one after the other; their "
        "history keeps the name that they had.",
        old=spoken(old),
    )
    return blocks.modal(
        RENAME_FORM,
        "Rename a category",
        [blocks.section(words), _name(new)],
        submit="Rename",
        private_metadata=json.dumps({"category": old}),
    )


def retire_form(name: str) -> Block:
    """The question before nobody can choose a category any more."""
    words = mrkdwn(
        "*Retire {name}?*\nNobody can choose it any more. Incidents that have it keep it. "
        "`/incident admin category add {name}` brings it back.",
        name=spoken(name),
    )
    return blocks.modal(
        RETIRE_FORM,
        "Retire a category",
        [blocks.section(words)],
        submit="Retire",
        private_metadata=json.dumps({"category": name}),
    )


def read_category(view: Payload) -> tuple[str, str]:
    """The category that the form is about, and the name that was typed; empty where there is none."""
    return _text(forms.carried(view), "category"), _text(forms.typed(view), "category")


def _name(initial: str = "") -> Block:
    name = blocks.text_input("category", initial=initial[:LONGEST_CATEGORY], max_length=LONGEST_CATEGORY)
    return blocks.input_block("Name", name, block_id="category")


def _step(name: object) -> Step:
    try:
        return Step(str(name))
    except ValueError:
        raise _unreadable() from None


def _account(name: object) -> UUID:
    try:
        return UUID(str(name))
    except ValueError:
        raise _unreadable() from None


def _text(values: dict[str, Any], name: str) -> str:
    found = values.get(name)
    return found if isinstance(found, str) else ""


def _unreadable() -> NotFound:
    return NotFound("Nothing was changed: this cannot be read. Look at /incident admin users and try again.")
