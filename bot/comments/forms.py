"""The forms to write, change and delete a comment."""

import json
from uuid import UUID

from bot import blocks, forms
from bot.blocks import Block
from bot.house import Payload
from bot.mrkdwn import mrkdwn, shorten
from domain.comments import Comment
from domain.incidents import Incident
from domain.talk import Said

COMMENT_FORM = "comment.new"
EDIT_FORM = "comment.edit"
DELETE_FORM = "comment.delete"


def comment_form(incident: Incident) -> Block:
    """What somebody wants to say from elsewhere."""
    head = mrkdwn("*{ref}* {title}", ref=incident.ref, title=incident.title)
    said = blocks.text_input("comment", multiline=True)
    hint = "It is posted in the incident's thread in your name."
    return blocks.modal(
        COMMENT_FORM,
        f"Comment on {incident.ref}",
        [blocks.section(head), blocks.input_block("Comment", said, block_id="comment", hint=hint)],
        submit="Say it",
        private_metadata=forms.carrying(incident),
    )


def edit_form(comment: Comment) -> Block:
    """What was said, to be changed; a text that is too long for Slack's forms has to be written anew."""
    fits = len(comment.content) <= blocks.INPUT_LIMIT
    said = blocks.text_input("comment", initial=comment.content if fits else "", multiline=True)
    long = mrkdwn("The comment has {count} characters, more than Slack's forms show. What you write replaces it.",
                  count=f"{len(comment.content):,}")  # fmt: skip
    return blocks.modal(
        EDIT_FORM,
        "Edit a comment",
        [*([] if fits else [blocks.section(long)]), blocks.input_block("Comment", said, block_id="comment")],
        submit="Save",
        private_metadata=json.dumps({"comment": str(comment.id)}),
    )


def delete_form(said: Said) -> Block:
    """The question before a comment is deleted."""
    text = mrkdwn(
        "Delete this comment by {author}? Its text and all earlier versions of it go.\n> {text}",
        author=said.author,
        text=" ".join(shorten(said.content, 300).split()) or "(a file)",
    )
    return blocks.modal(
        DELETE_FORM,
        "Delete a comment",
        [blocks.section(text)],
        submit="Delete",
        private_metadata=json.dumps({"comment": str(said.id)}),
    )


def read_comment(view: Payload) -> str:
    """What was typed."""
    return str(forms.typed(view).get("comment") or "")


def carried_comment(view: Payload) -> UUID | None:
    """Which comment the form is about; None if it carries none."""
    return read_comment_id(str(forms.carried(view).get("comment", "")))


def read_comment_id(value: str) -> UUID | None:
    """The comment that a menu's choice carries."""
    try:
        return UUID(value)
    except ValueError:
        return None
