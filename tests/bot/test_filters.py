"""A list or search as a line on a button: it must mean the same when it is pressed."""

from uuid import UUID

import pytest

from bot.commands import Request, parse
from bot.finding import filters
from bot.finding.views import SNIPPET, snippet
from domain.errors import InvalidInput
from domain.policy import Actor
from domain.search import Turn

CATEGORIES = ("outage", "bug", "Card reader")
BEN = Actor(id=UUID(int=1), workspace_id="T1", slack_user_id="U1", name="Ben")


def read(line: str) -> Request:
    return parse(line, categories=CATEGORIES)


@pytest.mark.parametrize(
    "line",
    [
        "list p1,p2 outage unassigned older:2d",
        "list <@U2|ana> owner:<@U3> newer:3h in:<#C1|ops> resolved in progress",
        "list in:#ops",
        "list needs:person p1",
        "list needs-person <@U2|ana>",
        "list needs:somebody",
        'list cat:"card reader"',
        "mine bug",
        'find "card reader" p1',
        'search "p1" "unassigned" "outage" "@ana" "<#C1>"',
        "search &lt;!here&gt; a&amp;lt;b &lt;@U7&gt;",
        'search “say "hi" now” disk',
        'search 19" rack',
        "search % _ ' \\ : & ! | 🙂 決済 საგადახდო",
        'search "two\nlines"',
    ],
)
def test_a_line_on_a_button_means_what_was_typed(line: str) -> None:
    typed = read(line)
    again = read(filters.line(typed, BEN))

    assert filters.words_of(again) == filters.words_of(typed)
    assert [getattr(again, name) for name in ("verb", "priorities", "categories", "statuses", "people")] == [
        getattr(typed, name) for name in ("verb", "priorities", "categories", "statuses", "people")
    ]
    assert set(again.options) == set(typed.options)


def test_me_is_whoever_asked_also_when_somebody_else_presses_the_button() -> None:
    assert filters.line(read("list assignee:me owner:@me"), BEN) == "list assignee:<@U1> owner:<@U1>"


def test_three_thousand_characters_fit_on_a_button() -> None:
    line = filters.line(read("search " + "word " * 600 + "p1 outage"), BEN)

    assert len(filters.turned(line, "before", 999_999_999, is_similar=True)) < 2_000
    assert read(line).priorities == ("critical",)


def test_too_many_filters_are_refused_rather_than_left_out() -> None:
    with pytest.raises(InvalidInput, match="too many filters"):
        filters.line(read("list " + " ".join(f"owner:<@U{n:09}>" for n in range(200))), BEN)


def test_a_button_says_which_page() -> None:
    after = read(filters.turned("list p1", "after", ("critical", 7)))
    before = read(filters.turned("search disk", "before", 7, is_similar=True))

    assert (filters.place_of(after), filters.words_of(after)) == ({"after": ("critical", 7)}, ())
    assert (filters.turn_of(before), filters.words_of(before)) == (Turn(before=7, is_similar=True), ("disk",))
    assert filters.turn_of(read("search disk")) == Turn()


@pytest.mark.parametrize(
    "said, words, shown",
    [
        ("short", ["x"], "short"),
        ("the card\nreader is dead", ["card reader"], "the card reader is dead"),
        ("a" * 60 + " needle " + "b" * 10, ["NEEDLE"], "…needle " + "b" * 10),
        ("one two three four five six seven eight nine pin", ["pin"], "…three four five six seven eight nine pin"),
        ("(+?*", ["(+"], "(+?*"),
    ],
)
def test_a_snippet_begins_shortly_before_the_word(said: str, words: list[str], shown: str) -> None:
    assert snippet(said, words) == shown


def test_a_snippet_is_short_whatever_was_said() -> None:
    assert len(snippet("needle " * 9_000, ["needle"])) <= SNIPPET + 1
    assert len(snippet("x" * 40_000 + "needle" + "y" * 9_000, ["needle"])) <= SNIPPET + 1
