"""Nothing that a person writes reaches Slack as markup, and nothing they wrote is lost on the way in."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.mrkdwn import Mrkdwn, channel, clip, date, escape, join, link, mrkdwn, prose, shorten, unescape, user

NAMES = {"U1": "Ana", "C1": "ops", "S1": "sre", "U2": "<b>", "U3": "@ben"}
ODD = "<>&|@#!^;: \n\tabcUWC019`*_~\x00\ud83d\ude00\u200d\u0301🏽👩😀שלوم\u202e"


@pytest.mark.parametrize(
    "text, escaped",
    [
        ("", ""),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("&lt;", "&amp;lt;"),
        ("*_~`\"'", "*_~`\"'"),
        ("\x00\ud800🙂", "\x00\ud800🙂"),
    ],
)
def test_only_the_three_characters_that_slack_names_are_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    assert isinstance(escape(text), Mrkdwn)
    assert unescape(escape(text)) == text


@pytest.mark.parametrize(
    "sent, seen",
    [
        ("", ""),
        ("plain", "plain"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt; &quot; &lt", "&lt; &quot; &lt"),
        ("<@U9|ana>", "@ana"),
        ("<@U9|>", "@U9"),
        ("<@U1> and <@U9>", "@Ana and @U9"),
        ("<@U3>", "@ben"),
        ("<@U2>", "@<b>"),
        ("<@W1|a&amp;b>", "@a&b"),
        ("<@ana>", "<@ana>"),
        ("<@>", "<@>"),
        ("<#C9|general>", "#general"),
        ("<#C1|>", "#ops"),
        ("<#C9>", "#C9"),
        ("<!here>", "@here"),
        ("<!here|@here>", "@here"),
        ("<!channel>", "@channel"),
        ("<!everyone|everyone>", "@everyone"),
        ("<!subteam^S9|@team>", "@team"),
        ("<!subteam^S9|team>", "@team"),
        ("<!subteam^S1>", "@sre"),
        ("<!subteam^S9>", "@S9"),
        ("<!subteam>", "<!subteam>"),
        ("<!date^1600000000^{date}|13 Sept>", "13 Sept"),
        ("<!date^1600000000^{date}^https://x.org|13 Sept>", "13 Sept"),
        ("<!date^1600000000^{date}>", "<!date^1600000000^{date}>"),
        ("<!unknown>", "<!unknown>"),
        ("<https://x.org/?a=1&amp;b=2>", "https://x.org/?a=1&b=2"),
        ("<https://x.org|the page>", "the page (https://x.org)"),
        ("<https://x.org|https://x.org>", "https://x.org"),
        ("<http://x.org|x.org>", "x.org"),
        ("<http://x.org/|x.org>", "x.org"),
        ("<https://x.org|>", "https://x.org"),
        ("<https://x.org|a|b>", "a|b (https://x.org)"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<mailto:a@b.c>", "a@b.c"),
        ("<mailto:a@b.c|write>", "write (a@b.c)"),
        ("<MAILTO:a@b.c>", "a@b.c"),
        ("<tel:+491234|+491234>", "+491234"),
        ("<slack://open>", "slack://open"),
        ("<foo>", "<foo>"),
        ("<foo|bar &amp; baz>", "<foo|bar & baz>"),
        ("<note: this>", "<note: this>"),
        ("List<int>", "List<int>"),
        ("<>", "<>"),
        ("<|>", "<|>"),
        ("a < b <@U1> <", "a < b @Ana <"),
        ("<<@U1>>", "<@Ana>"),
        (":smile: *bold* `code`", ":smile: *bold* `code`"),
        ("\x00 \ud800 &amp;", "\x00 \ud800 &"),
    ],
)
def test_what_slack_sent_becomes_what_the_person_saw(sent: str, seen: str) -> None:
    assert unescape(sent, NAMES) == seen


def test_any_text_at_all_survives_the_way_out_and_in() -> None:
    rng = random.Random(42)  # noqa: S311
    for _ in range(3000):
        text = "".join(rng.choices(ODD, k=rng.randrange(40)))
        assert unescape(escape(text)) == text
        assert isinstance(unescape(text, NAMES), str)


@pytest.mark.parametrize("text", ["<" * 40_000, "<!date^" * 6_000, "<a" * 20_000, "&" * 40_000, "<a:" + "b|" * 20_000])
def test_forty_thousand_characters_of_nonsense_come_back_whole(text: str) -> None:
    assert unescape(text) == text


def test_a_template_escapes_every_value_that_is_not_mrkdwn() -> None:
    filled = mrkdwn("*{ref}* {title} {count}", ref=user("U1"), title="<!channel> {x} down", count=3)

    assert filled == "*<@U1>* &lt;!channel&gt; {x} down 3"
    assert isinstance(filled, Mrkdwn)


def test_joined_mrkdwn_stays_mrkdwn() -> None:
    joined = join("\n", [escape("<"), user("U1")])

    assert joined == "&lt;\n<@U1>"
    assert isinstance(joined, Mrkdwn)


@pytest.mark.parametrize(
    "at, form, token",
    [
        (
            datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC),
            None,
            "<!date^1600000000^{date_short_pretty} {time}|2020-09-13 12:26 UTC>",
        ),
        (
            datetime(2020, 9, 13, 14, 26, 40, tzinfo=timezone(timedelta(hours=2))),
            "{ago} <b>",
            "<!date^1600000000^{ago} &lt;b&gt;|2020-09-13 12:26 UTC>",
        ),
    ],
)
def test_a_time_is_shown_in_the_readers_zone(at: datetime, form: str | None, token: str) -> None:
    assert (date(at) if form is None else date(at, form)) == token


@pytest.mark.parametrize(
    "made, expected",
    [
        (user("U1"), "<@U1>"),
        (user("W1"), "<@W1>"),
        (user("U1>!"), "U1&gt;!"),
        (user("U1\n"), "U1\n"),
        (user(""), ""),
        (channel("C1"), "<#C1>"),
        (channel("!here"), "!here"),
        (channel("<!here>"), "&lt;!here&gt;"),
        (link("https://x.org/a|b<c>?d&e", "a <b>"), "<https://x.org/a%7Cb%3Cc%3E?d&amp;e|a &lt;b&gt;>"),
        (link("https://x.org/a b\n", "two\nlines"), "<https://x.org/a%20b%0A|two lines>"),
        (link("HTTP://x.org", ""), "<HTTP://x.org>"),
        (link("https://x.org", mrkdwn("*{b}*", b="&")), "<https://x.org|*&amp;*>"),
        (link("javascript:alert(1)", "<x>"), "&lt;x&gt;"),
        (link("https://", "x"), "x"),
        (link("", ""), ""),
    ],
)
def test_mentions_and_links_cannot_be_broken_out_of(made: Mrkdwn, expected: str) -> None:
    assert made == expected
    assert isinstance(made, Mrkdwn)


@pytest.mark.parametrize(
    "text, limit, short",
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two three", 7, "one…"),
        ("onetwothree", 5, "onet…"),
        ("a onetwothree", 9, "a onetwo…"),
        ("   \n   ", 3, "…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("abc", -3, ""),
        ("ab\ud83d\ude00", 3, "ab…"),
        ("ab\ud83d\ude00cd", 4, "ab…"),
        ("abe\u0301cd", 4, "ab…"),
        ("a👩\u200d💻bc", 4, "a…"),
        ("a👩🏽bc", 3, "a…"),
        ("\u0301" * 9, 4, "\u0301\u0301\u0301…"),
    ],
)
def test_plain_text_is_shortened_between_words_and_never_within_a_character(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    "text, limit, clipped",
    [
        ("short", 5, "short"),
        ("abcdef", 5, "abcd…"),
        ("ab&amp;cd", 4, "ab…"),
        ("ab&amp;cd", 6, "ab…"),
        ("ab&amp;cd", 7, "ab…"),
        ("ab&amp;cdef", 8, "ab&amp;…"),
        ("ab <@U123> cd", 8, "ab…"),
        ("ab <@U123> cd", 12, "ab <@U123>…"),
        ("<https://x.org|a&amp;b>", 20, "…"),
        ("> quoted", 5, "> qu…"),
        ("abe\u0301cd", 4, "ab…"),
        ("a&lt;🏽b", 6, "a…"),
        ("abc", 0, ""),
    ],
)
def test_mrkdwn_is_never_cut_inside_an_entity_or_a_token(text: str, limit: int, clipped: str) -> None:
    assert clip(Mrkdwn(text), limit) == clipped
    assert isinstance(clip(Mrkdwn(text), limit), Mrkdwn)


def test_whatever_is_cut_fits_and_can_still_be_read() -> None:
    rng = random.Random(7)  # noqa: S311
    for _ in range(3000):
        text, limit = "".join(rng.choices(ODD, k=rng.randrange(60))), rng.randrange(1, 60)
        clipped = clip(escape(text), limit)
        assert len(clipped) <= limit
        assert len(shorten(text, limit)) <= limit
        assert text.startswith(unescape(clipped).removesuffix("…"))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("see https://a.example/p?x=1&y=2.", "see <https://a.example/p?x=1&amp;y=2>."),
        ("(http://a.example), <b>", "(<http://a.example>), &lt;b&gt;"),
        ("<http://a.example|click> me", "&lt;<http://a.example>|click&gt; me"),
        ("cut https://a.example/long…", "cut https://a.example/long…"),
        ("https:// <!channel>", "https:// &lt;!channel&gt;"),
        ("", ""),
    ],
)
def test_addresses_in_what_people_wrote_become_links_and_nothing_else_does(text: str, shown: str) -> None:
    assert prose(text) == shown
    assert unescape(prose(text)) == text
