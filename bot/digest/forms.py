"""The form of a channel's digest, beside its reader; block ids are the domain's names."""

from dataclasses import dataclass

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload
from bot.mrkdwn import Mrkdwn
from domain import slots
from domain.errors import InvalidInput
from domain.slots import Times

DIGEST_FORM = "digest.set"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel's digest as somebody wants it."""

    channel_id: str
    times: Times
    posts_empty: bool


def digest_form(channel_id: str | None, times: Times, *, posts_empty: bool) -> Block:
    """When a channel gets its digest."""
    place = blocks.conversations_select("channel", initial=channel_id)
    at = blocks.text_input("at", initial=f"{times.at:%H:%M}", max_length=10)
    zone = blocks.text_input("zone", initial=times.zone, max_length=60)
    days = blocks.text_input("days", initial=slots.spoken(times.days), max_length=60)
    empty = blocks.static_select(
        "empty", [blocks.option("leave it out", "no"), blocks.option("post it all the same", "yes")],
        initial="yes" if posts_empty else "no",
    )  # fmt: skip
    words = Mrkdwn("A digest lists what is open, what needs somebody, and what happened since the last one.")
    return blocks.modal(
        DIGEST_FORM,
        "Digest of a channel",
        [
            blocks.section(words),
            blocks.input_block("Channel", place, block_id="channel"),
            blocks.input_block("Time", at, block_id="at", hint="Of the day, like 09:00."),
            blocks.input_block("Time zone", zone, block_id="zone", hint="Like Europe/Berlin."),
            blocks.input_block("Days", days, block_id="days", hint="Like mon-fri, daily or mon,thu."),
            blocks.input_block("When nothing is open and nothing happened", empty, block_id="empty"),
        ],
        submit="Save",
    )


def read_digest(view: Payload) -> Wanted:
    """What was chosen; raises InvalidInput on the field that cannot be used."""
    typed = forms.typed(view)
    if not typed.get("channel"):
        raise InvalidInput("Choose the channel.", field="channel")
    times = Times(
        slots.read_time(typed.get("at") or ""),
        slots.read_zone(typed.get("zone") or ""),
        slots.read_days(typed.get("days") or ""),
    )
    return Wanted(typed["channel"], times, typed.get("empty") == "yes")
