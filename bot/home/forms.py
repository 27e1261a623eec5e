"""The form that searches people; its block id is what the App Home keeps."""

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload

FIND_FORM = "home.find_form"

LONGEST: int = 200


def find_form() -> Block:
    """Whom to look for."""
    text = blocks.text_input("text", max_length=LONGEST, placeholder="nora or @example.com")
    field = blocks.input_block("A part of a name or address", text, block_id="text")
    return blocks.modal(FIND_FORM, "Search people", [field], submit="Search")


def read_text(view: Payload) -> str:
    """What was typed."""
    found = forms.typed(view).get("text")
    return found.strip() if isinstance(found, str) else ""
