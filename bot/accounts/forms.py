"""The forms about one's account, each beside its reader; block ids are the domain's names."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload
from bot.mrkdwn import Mrkdwn, mrkdwn
from domain import addresses
from domain.accounts import LONGEST_NAME, Account
from domain.codes import Purpose
from domain.errors import NotFound

LINK_FORM = "account.link"
RECOVER_FORM = "account.recover"
EDIT_FORM = "account.edit"
UNLINK_FORM = "account.unlink"
CODE_FORM = "account.code"

PURPOSES: Final = {LINK_FORM: Purpose.LINK, RECOVER_FORM: Purpose.RECOVER}
_LONGEST_CODE: Final = 40


@dataclass(frozen=True, slots=True)
class Entered:
    """A code as it was typed, and which request it answers; both prove nothing yet."""

    purpose: Purpose
    request_id: UUID
    code: str


def link_form() -> Block:
    """Which account is meant."""
    words = Mrkdwn(
        "If you have an account here already, or were named as a superuser, prove that its e-mail address is yours. "
        "A code is sent there, which you enter in the next step."
    )
    return _address_form(LINK_FORM, "Link an account", words)


def recover_form() -> Block:
    """Which account is to be recovered."""
    words = Mrkdwn(
        "If your account belongs to a Slack user that you cannot use any more, a code is sent to its e-mail address. "
        "With it the account becomes yours here. The former Slack user and all superusers are told."
    )
    return _address_form(RECOVER_FORM, "Recover an account", words)


def code_form(purpose: Purpose, request_id: UUID, *, is_mailed: bool) -> Block:
    """Where the code is entered; it says the same whether or not an account has the address."""
    sent = {
        Purpose.ADDRESS: "If this address can be used, a code is on its way to it.",
        Purpose.LINK: "If an account has this address, a code is on its way to it.",
        Purpose.RECOVER: "If an account has this address, a code is on its way to it.",
    }
    by_mail = mrkdwn("{sent} It is good for ten minutes.", sent=sent[purpose])
    by_hand = Mrkdwn(
        "No mail server is set up here. Whoever runs Incident Tracker can print a code on the server: "
        "`incident-tracker code ADDRESS`. It is good for ten minutes."
    )
    by_nobody = Mrkdwn(
        "No mail server is set up here, so no code can be sent to the address. Ask a superuser to link you with "
        "`/incident admin link`; if there is none, whoever runs Incident Tracker can name another one on the server: "
        "`incident-tracker superuser ADDRESS`."
    )
    words = blocks.section(by_mail if is_mailed else by_hand if purpose is Purpose.LINK else by_nobody)
    code = blocks.text_input("code", max_length=_LONGEST_CODE, placeholder="ACDE 2345")
    hint = "Capitals, spaces and dashes do not matter. Never enter a password here."
    return blocks.modal(
        CODE_FORM,
        "Enter the code",
        [words, blocks.input_block("Code", code, block_id="code", hint=hint)],
        submit="Go on",
        private_metadata=json.dumps({"purpose": purpose, "request": str(request_id)}),
    )


def edit_form(account: Account) -> Block:
    """Name and address, as they are."""
    name = blocks.text_input("name", initial=account.name, max_length=LONGEST_NAME)
    email = blocks.text_input("email", initial=account.email or "", max_length=addresses.LONGEST)
    told = "A new address counts once you have entered the code that is sent to it. The former one is told."
    return blocks.modal(
        EDIT_FORM,
        "Your account",
        [
            blocks.input_block("Name", name, block_id="name", hint="What you are called in incidents."),
            blocks.input_block("E-mail", email, block_id="email", optional=True, hint=told),
        ],
        submit="Save",
    )


def unlink_form() -> Block:
    """The question before somebody parts with their account."""
    text = Mrkdwn(
        "Part with the account that is linked to you? It keeps its incidents, comments and rights, and can be linked "
        "again. Your next use of Incident Tracker makes a new account for you."
    )
    return blocks.modal(UNLINK_FORM, "Unlink your account", [blocks.section(text)], submit="Unlink")


def read_address(view: Payload) -> str:
    """The address that was typed."""
    return forms.typed(view).get("email") or ""


def read_edit(view: Payload) -> tuple[str, str]:
    """Name and address as typed; an empty address changes nothing."""
    typed = forms.typed(view)
    return typed.get("name") or "", (typed.get("email") or "").strip()


def read_code(view: Payload) -> Entered:
    """The code that was typed.

    Raises:
        NotFound: the form is not ours.
    """
    carried = forms.carried(view)
    try:
        purpose, request_id = Purpose(str(carried.get("purpose"))), UUID(str(carried.get("request")))
    except ValueError:
        raise NotFound("Nothing was changed: this form cannot be read. Start again with /incident link.") from None
    return Entered(purpose, request_id, forms.typed(view).get("code") or "")


def _address_form(callback_id: str, title: str, words: Mrkdwn) -> Block:
    email = blocks.text_input("email", max_length=addresses.LONGEST, placeholder="ana@example.com")
    hint = "Only the address. Never enter a password here."
    return blocks.modal(
        callback_id,
        title,
        [blocks.section(words), blocks.input_block("E-mail address", email, block_id="email", hint=hint)],
        submit="Send the code",
    )
