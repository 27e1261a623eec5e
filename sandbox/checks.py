"""What a value may be: small checks that are put together to tables, each telling what is wrong and where."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Problem: TypeAlias = tuple[str, str]
"""What is wrong, and the JSON pointer to where."""
Check: TypeAlias = Callable[[Any, str], Iterator[Problem]]
Table: TypeAlias = Mapping[str, Check]

MARKDOWN_LIMIT: Final = 12_000
"""Over all markdown blocks of a message together."""


def anything(_value: Any, _at: str) -> Iterator[Problem]:
    yield from ()


def any_object(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield "must provide an object", at


def flag(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield "must provide a boolean", at


def string(limit: int, *, least: int = 1, form: str = "") -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield "must provide a string", at
        elif len(value) < least:
            yield f"must be more than {least - 1} characters", at
        elif len(value) > limit:
            yield f"must be less than {limit + 1} characters", at
        elif form and not re.fullmatch(form, value):
            yield f"must match the pattern {form}", at

    return check


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield "must provide an integer", at
        elif not least <= value <= most:
            yield f"must be between {least} and {most}", at

    return check


def one_of(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in allowed:
            yield f"must be a valid enum value: {', '.join(allowed)}", at

    return check


def items(item: Check, most: int, *, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield "must provide an array", at
            return
        if len(value) < least:
            yield f"must provide at least {least} items", at
        if len(value) > most:
            yield f"no more than {most} items allowed", at
        for place, each in enumerate(value):
            yield from item(each, f"{at}/{place}")

    return check


def shape(required: Table, optional: Table | None = None, *rules: Check) -> Check:
    """An object with these fields and no others; the rules say what fields mean to each other."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must provide an object", at
            return
        yield from ((f"missing required field: {name}", at) for name in required if name not in value)
        for name, part in value.items():
            if name not in known:
                yield f"invalid additional property: {name}", at
            else:
                yield from known[name](part, f"{at}/{name}")
        for rule in rules:
            yield from rule(value, at)

    return check


def typed(table: Table) -> Check:
    """An object whose ``type`` says what else it has."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "must provide an object", at
        elif "type" not in value:
            yield "missing required field: type", at
        elif not isinstance(value["type"], str) or value["type"] not in table:
            yield f"unsupported type: {value['type']}", f"{at}/type"
        else:
            yield from table[value["type"]](value, at)

    return check


def text(limit: int, *, parsed: bool = True) -> Check:
    """A text object; ``parsed`` allows mrkdwn beside plain_text."""
    kinds: dict[str, Check] = {"plain_text": shape({"type": anything, "text": string(limit)}, {"emoji": flag})}
    if parsed:
        kinds["mrkdwn"] = shape({"type": anything, "text": string(limit)}, {"verbatim": flag})

    def check(value: Any, at: str) -> Iterator[Problem]:
        problems = list(typed(kinds)(value, at))
        if problems and parsed:
            yield "failed to match all allowed schemas", at
        yield from problems

    return check


# --- what fields mean to each other ----------------------------------------------------------------------------------


def either(*names: str, exactly: bool = True) -> Check:
    def rule(value: Any, at: str) -> Iterator[Problem]:
        given = [name for name in names if name in value]
        if not given or (exactly and len(given) > 1):
            yield f"must define {'either' if exactly else 'one of'} {' or '.join(f'`{name}`' for name in names)}", at

    return rule


def listed(value: Any, name: str) -> list[Any]:
    """The objects of a list that may be missing or wrong; what is wrong has been said already."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def initial_is_offered(value: Any, at: str) -> Iterator[Problem]:
    offered = listed(value, "options") + [
        option for group in listed(value, "option_groups") for option in listed(group, "options")
    ]
    if "initial_option" in value and value["initial_option"] not in offered:
        yield "`initial_option` must be one of the options", f"{at}/initial_option"
    if any(option not in offered for option in listed(value, "initial_options")):
        yield "`initial_options` must be among the options", f"{at}/initial_options"


def lengths_agree(value: Any, at: str) -> Iterator[Problem]:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield "`min_length` must not be more than `max_length`", f"{at}/min_length"
    if isinstance(most, int) and len(str(value.get("initial_value", ""))) > most:
        yield f"must be less than {most + 1} characters", f"{at}/initial_value"


def actions_differ(value: Any, at: str) -> Iterator[Problem]:
    ids = Counter(str(each["action_id"]) for each in listed(value, "elements") if "action_id" in each)
    yield from ((f"duplicate action_id: {name}", f"{at}/elements") for name, times in ids.items() if times > 1)


def blocks_differ(blocks: Any, at: str) -> Iterator[Problem]:
    ids = Counter(str(each["block_id"]) for each in listed({"": blocks}, "") if "block_id" in each)
    yield from ((f"duplicate block_id: {name}", at) for name, times in ids.items() if times > 1)


def message_adds_up(blocks: Any, at: str) -> Iterator[Problem]:
    shown = listed({"": blocks}, "")
    markdown = sum(len(str(each.get("text", ""))) for each in shown if each.get("type") == "markdown")
    if markdown > MARKDOWN_LIMIT:
        yield f"must be less than {MARKDOWN_LIMIT + 1} characters in all markdown blocks", at
    if sum(each.get("type") == "table" for each in shown) > 1:
        yield "only_one_table_allowed", at


def inputs_can_be_submitted(view: Any, at: str) -> Iterator[Problem]:
    blocks = view.get("blocks")
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict) and block.get("type") == "input" and "submit" not in view:
            yield "must define `submit` to use an `input` block in modals", f"{at}/blocks/{place}/input"
