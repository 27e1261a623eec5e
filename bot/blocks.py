"""Builders for what Slack shows. Where Slack parses they take Mrkdwn, never str.

Text is shortened to Slack's limits. Values, ids and initial text never are: half of one is worse than a refusal.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, TypeAlias, TypedDict

from bot.mrkdwn import Mrkdwn, clip, mrkdwn, shorten

TEXT_LIMIT: Final = 3_900
"""Slack refuses a longer ``text`` in an update, though not in a post."""
SECTION_LIMIT: Final = 3_000
FIELD_LIMIT: Final = 2_000
LABEL_LIMIT: Final = 2_000
INPUT_LIMIT: Final = 3_000
PLACEHOLDER_LIMIT: Final = 150
BUTTON_LIMIT: Final = 75
OPTION_LIMIT: Final = 75
OPTIONS_LIMIT: Final = 100
BLOCKS_IN_VIEW: Final = 100
BLOCKS_IN_MESSAGE: Final = 50
TITLE_LIMIT: Final = 24
CONFIRM_TITLE_LIMIT: Final = 100
CONFIRM_TEXT_LIMIT: Final = 300
CONFIRM_BUTTON_LIMIT: Final = 30
EMPTY: Final = "–"
"""Stands where there would be no text, which Slack refuses."""

Block: TypeAlias = dict[str, Any]
Style: TypeAlias = Literal["primary", "danger"]


class Message(TypedDict):
    """What a person reads in Slack: ``text`` is all that screen readers, push and search get."""

    text: str
    blocks: list[Block]


def message(text: Mrkdwn, blocks: Sequence[Block]) -> Message:
    return {"text": clip(text, TEXT_LIMIT), "blocks": list(blocks)}


def words(text: Mrkdwn) -> Message:
    """A message that is this text and nothing else."""
    return message(text, [section(text)])


def section(text: Mrkdwn, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    return _without_none(type="section", text=_parsed(text, SECTION_LIMIT), accessory=accessory, block_id=block_id)


def fields(*pairs: tuple[LiteralString, Mrkdwn], block_id: str | None = None) -> Block:
    """Up to ten names with their values, in two columns."""
    texts = [mrkdwn("*{name}*\n{value}", name=name, value=value or EMPTY) for name, value in pairs]
    return _without_none(type="section", fields=[_parsed(text, FIELD_LIMIT) for text in texts], block_id=block_id)


def context(*texts: Mrkdwn, block_id: str | None = None) -> Block:
    """Up to ten small grey texts in a row."""
    return _without_none(type="context", elements=[_parsed(text, SECTION_LIMIT) for text in texts], block_id=block_id)


def divider() -> Block:
    return {"type": "divider"}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    return _without_none(type="actions", elements=list(elements), block_id=block_id)


def button(
    text: str,
    action_id: str,
    value: str = "",
    style: Style | None = None,
    confirm: Block | None = None,
    accessibility_label: str | None = None,
    url: str | None = None,
) -> Block:
    """A button.

    Args:
        value: comes back with the click; at most 2,000 characters.
        accessibility_label: what a screen reader says instead of ``text``.
        url: opened by the click, which must be acked all the same.
    """
    return _without_none(
        type="button",
        text=_plain(text, BUTTON_LIMIT),
        action_id=action_id,
        value=value or None,
        style=style,
        confirm=confirm,
        accessibility_label=shorten(accessibility_label, BUTTON_LIMIT) if accessibility_label else None,
        url=url,
    )


def option(text: str, value: str, description: str | None = None) -> Block:
    """A choice in a menu; ``value`` comes back, 1 to 150 characters."""
    described = _plain(description, OPTION_LIMIT) if description else None
    return _without_none(text=_plain(text, OPTION_LIMIT), value=value, description=described)


def static_select(
    action_id: str,
    options: Sequence[Block],
    *,
    initial: str | None = None,
    placeholder: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """A menu of up to 100 choices, of which Slack wants at least one.

    Args:
        initial: the value that is chosen at first; nothing is when no option has it.
    """
    offered = list(options[:OPTIONS_LIMIT])
    chosen = next((each for each in offered if each["value"] == initial), None)
    return _menu("static_select", action_id, placeholder, options=offered, initial_option=chosen, confirm=confirm)


def external_select(action_id: str, *, placeholder: str | None = None) -> Block:
    """A menu that asks us what to offer, already before anything is typed."""
    return _menu("external_select", action_id, placeholder, min_query_length=0)


def checkboxes(action_id: str, options: Sequence[Block]) -> Block:
    """One to ten boxes to tick, all of them empty."""
    return _without_none(type="checkboxes", action_id=action_id, options=list(options))


def users_select(action_id: str, *, initial: str | None = None, placeholder: str | None = None) -> Block:
    return _menu("users_select", action_id, placeholder, initial_user=initial)


def conversations_select(
    action_id: str,
    *,
    initial: str | None = None,
    placeholder: str | None = None,
    default_to_current: bool = False,
    include: Sequence[Literal["public", "private", "im", "mpim"]] = ("public", "private"),
) -> Block:
    """A menu of channels, by default neither direct messages nor groups."""
    return _menu(
        "conversations_select",
        action_id,
        placeholder,
        initial_conversation=initial,
        default_to_current_conversation=default_to_current or None,
        filter={"include": list(include), "exclude_bot_users": True},
    )


def overflow(action_id: str, options: Sequence[Block], *, confirm: Block | None = None) -> Block:
    """The "…" menu: one to five choices."""
    return _without_none(type="overflow", action_id=action_id, options=list(options), confirm=confirm)


def text_input(
    action_id: str,
    *,
    initial: str = "",
    multiline: bool = False,
    min_length: int | None = None,
    max_length: int = INPUT_LIMIT,
    placeholder: str | None = None,
    on_enter: bool = False,
) -> Block:
    """A field to type into.

    Args:
        initial: at most 3,000 characters, which is the caller's to check: a shortened text would be saved over the
            whole one.
        max_length: at most 3,000; more is not to be had from Slack.
        on_enter: tell us when Enter is pressed, in an input that dispatches.
    """
    return _menu(
        "plain_text_input",
        action_id,
        placeholder,
        initial_value=initial or None,
        multiline=multiline or None,
        min_length=min_length,
        max_length=min(max_length, INPUT_LIMIT),
        dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]} if on_enter else None,
    )


def datetime_picker(action_id: str, *, initial: datetime | None = None) -> Block:
    """A date and time in the reader's zone; ``initial`` is aware."""
    at = int(initial.timestamp()) if initial else None
    return _without_none(type="datetimepicker", action_id=action_id, initial_date_time=at)


def input_block(
    label: str,
    element: Block,
    *,
    block_id: str,
    optional: bool = False,
    hint: str | None = None,
    dispatch: bool = False,
) -> Block:
    """A labelled field of a form; an error for ``block_id`` is shown under it.

    Args:
        dispatch: tell us of a change at once, not only on submit.
    """
    return _without_none(
        type="input",
        block_id=block_id,
        label=_plain(label, LABEL_LIMIT),
        element=element,
        optional=optional or None,
        hint=_plain(hint, LABEL_LIMIT) if hint else None,
        dispatch_action=dispatch or None,
    )


def confirm(title: str, text: str, confirm: str, deny: str = "Cancel", *, style: Style | None = None) -> Block:
    """The question that Slack asks before a click counts."""
    return _without_none(
        title=_plain(title, CONFIRM_TITLE_LIMIT),
        text=_plain(text, CONFIRM_TEXT_LIMIT),
        confirm=_plain(confirm, CONFIRM_BUTTON_LIMIT),
        deny=_plain(deny, CONFIRM_BUTTON_LIMIT),
        style=style,
    )


def modal(
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    submit: str | None = None,
    close: str = "Cancel",
    private_metadata: str = "",
    external_id: str | None = None,
) -> Block:
    """A dialog; one with an input needs ``submit``.

    Args:
        private_metadata: comes back with the form, hidden but no secret; at most 3,000 characters.
        external_id: our own name for it, unique in the workspace, to update it later.
    """
    return _without_none(
        type="modal",
        callback_id=callback_id,
        title=_plain(title, TITLE_LIMIT),
        submit=_plain(submit, TITLE_LIMIT) if submit else None,
        close=_plain(close, TITLE_LIMIT),
        blocks=list(blocks[:BLOCKS_IN_VIEW]),
        private_metadata=private_metadata or None,
        external_id=external_id,
    )


def _parsed(text: Mrkdwn, limit: int) -> Block:
    """Text that Slack parses, but only for the markup that is there: ``verbatim`` makes no links of bare words."""
    return {"type": "mrkdwn", "text": clip(text, limit) if text.strip() else EMPTY, "verbatim": True}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, limit) if text.strip() else EMPTY, "emoji": True}


def _menu(kind: str, action_id: str, placeholder: str | None, **parts: object) -> Block:
    shown = _plain(placeholder, PLACEHOLDER_LIMIT) if placeholder else None
    return _without_none(type=kind, action_id=action_id, placeholder=shown, **parts)


def _without_none(**parts: object) -> Block:
    return {key: value for key, value in parts.items() if value is not None}
