"""The grammar of the command line, as people type it."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from bot.commands import HIDDEN, LARGEST_NUMBER, Request, is_secret, parse, strip_mention, verb_of, without_addresses
from bot.verbs import ALIASES

CATEGORIES = ("outage", "bug", "security", "question", "feature_request", "Card reader")
NAMES = {"U7": "Ana"}
CARD = "https://acme.slack.com/archives/C0AB/p1600000000000100"
ROOT = ("C0AB", "1600000000.000100")


def read(line: str) -> Request:
    return parse(line, categories=CATEGORIES, names=NAMES)


def said(line: str) -> dict[str, Any]:
    """What a line says, but for the line itself and the words that its text has anyway."""
    request = read(line)
    found = {name: getattr(request, name) for name in Request.__slots__}
    return {name: value for name, value in found.items() if value and name not in {"line", "words"}}


@pytest.mark.parametrize("verb, aliases", ALIASES.items())
def test_every_verb_goes_by_all_its_names_in_any_case(verb: str, aliases: tuple[str, ...]) -> None:
    for name in (verb, *aliases):
        assert verb_of(name) == verb_of(name.upper()) == verb_of(f"\u200f{name}") == verb_of(f"{name}:") == verb
        assert read(f"  {name.title()}  ").verb == verb


@pytest.mark.parametrize("word", ["", "resolves", "42", "«resolve»", "\x00", "p5"])
def test_other_words_are_no_verbs(word: str) -> None:
    assert verb_of(word) is None


def test_a_smart_dash_still_asks_for_help() -> None:
    assert verb_of("—help") == "help"


@pytest.mark.parametrize("line", ["", "   ", "\n\t"])
def test_an_empty_line_is_the_launcher(line: str) -> None:
    assert read(line) == Request("", line=line)


@pytest.mark.parametrize(
    "word, target",
    [
        ("42", {"number": 42}),
        ("#42", {"number": 42}),
        ("INC-42", {"number": 42}),
        ("inc42", {"number": 42}),
        ("Inc_42", {"number": 42}),
        ("42:", {"number": 42}),
        ("INC-42,", {"number": 42}),
        ("\u206842\u2069", {"number": 42}),
        ("٤٢", {"number": 42}),
        ("007", {"number": 7}),
        (str(LARGEST_NUMBER), {"number": LARGEST_NUMBER}),
        (str(LARGEST_NUMBER + 1), {"bad_id": "2147483648"}),
        ("0", {"bad_id": "0"}),
        ("#0", {"bad_id": "#0"}),
        ("-1", {"bad_id": "-1"}),
        ("99999999999999999999", {"bad_id": "99999999999999999999"}),
        ("9" * 5000, {"bad_id": "9" * 5000}),
        ("INC-abc", {"bad_id": "INC-abc"}),
        ("INC-&lt;b&gt;", {"bad_id": "INC-<b>"}),
        ("inc42x", {"bad_id": "inc42x"}),
        (CARD, {"card": ROOT}),
        (f"<{CARD}>", {"card": ROOT}),
        (f"<{CARD}|the card>", {"card": ROOT}),
        (f"<{CARD}?thread_ts=1500000000.000200&amp;cid=C0AB>", {"card": ("C0AB", "1500000000.000200")}),
        (f"{CARD}?cid=C0AB&thread_ts=1500000000.000200", {"card": ("C0AB", "1500000000.000200")}),
        (f"{CARD}?thread_ts=nonsense", {"card": ROOT}),
        ("http://localhost:8080/archives/D1/p1600000000000100", {"card": ("D1", "1600000000.000100")}),
    ],
)
def test_an_incident_is_named_by_number_or_link(word: str, target: dict[str, Any]) -> None:
    assert said(word) == {"verb": "show"} | target
    assert said(f"take {word}") == {"verb": "take"} | target
    assert said(f"{word} take") == {"verb": "take"} | target
    assert said(f"resolve {word} it  works") == {"verb": "resolve", "text": "it  works"} | target
    assert said(f"{word} resolve it  works") == {"verb": "resolve", "text": "it  works"} | target


@pytest.mark.parametrize("word", ["incident", "4.2", "42nd", "https://x.org/archives/C0/p16", '"42"', "<@U1>", "#ops"])
def test_other_words_name_no_incident(word: str) -> None:
    request = read(f"comment {word} is odd")

    assert (request.number, request.card, request.bad_id) == (None, None, None)
    assert request.text.endswith("is odd")


@pytest.mark.parametrize(
    "line, expected",
    [
        ("resolve 42 rolled back 1.4.2", {"verb": "resolve", "number": 42, "text": "rolled back 1.4.2"}),
        ("resolve rolled back", {"verb": "resolve", "text": "rolled back"}),
        ("resolve", {"verb": "resolve"}),
        ("DONE #42", {"verb": "resolve", "number": 42}),
        (
            'comment 42 p1 "high"  priority:low\n@ana <@U1|ben> <@U7> &lt;3 43',
            {"verb": "comment", "number": 42, "text": 'p1 "high"  priority:low\n@ana @ben @Ana <3 43'},
        ),
        ("42 comment 3 servers are down", {"verb": "comment", "number": 42, "text": "3 servers are down"}),
        ("reopen 42 again", {"verb": "reopen", "number": 42, "text": "again"}),
        ("edit 42 Checkout bug 500", {"verb": "edit", "number": 42, "text": "Checkout bug 500"}),
        ("open 42", {"verb": "open", "number": 42}),
        ("open Checkout is down p1", {"verb": "open", "text": "Checkout is down p1"}),
        ("say   42 \u05e9\u05dc\u05d5\u05dd 🙂", {"verb": "comment", "number": 42, "text": "שלום 🙂"}),
        ("comment 42 <https://x.org|x.org>", {"verb": "comment", "number": 42, "text": "x.org"}),
    ],
)
def test_prose_stays_as_typed_after_the_id(line: str, expected: dict[str, Any]) -> None:
    assert said(line) == expected


@pytest.mark.parametrize(
    "words, expected",
    [
        (
            "Checkout returns 500s p1 outage",
            {"text": "Checkout returns 500s", "priorities": ("critical",), "categories": ("outage",)},
        ),
        ("p1 outage Checkout", {"text": "outage Checkout", "priorities": ("critical",), "categories": ("outage",)}),
        ("high memory on db low disk", {"text": "high memory on db low disk", "priorities": ("high",)}),
        ("disk space low", {"text": "disk space low", "priorities": ("low",)}),
        ("Disk space is low.", {"text": "Disk space is low.", "priorities": ("low",)}),
        ("Disk full p1!", {"text": "Disk full", "priorities": ("critical",)}),
        ("disk space low p1", {"text": "disk space low", "priorities": ("critical",)}),
        ("p2 security camera", {"text": "security camera", "priorities": ("high",), "categories": ("security",)}),
        ("critical: disk low", {"text": "disk low", "priorities": ("critical",)}),
        ("Disk full, p1,", {"text": "Disk full,", "priorities": ("critical",)}),
        ("Disk full <@U1|Ana Lee> sev-3", {"text": "Disk full", "people": ("U1",), "priorities": ("medium",)}),
        ("Disk full @ana.lee", {"text": "Disk full", "names": ("ana.lee",)}),
        ("Disk p:2 cat:bug", {"text": "Disk", "priorities": ("high",), "categories": ("bug",)}),
        ("Disk priority:urgent", {"text": "Disk", "options": (("priority", "urgent"),)}),
        ('Reader down cat:"card reader"', {"text": "Reader down", "categories": ("Card reader",)}),
        ("Want Feature-Request", {"text": "Want", "categories": ("feature_request",)}),
        ("It is p1 that fails", {"text": "It is p1 that fails"}),
        ("500 errors in 42 shops", {"text": "500 errors in 42 shops"}),
        ("p1 bug", {"priorities": ("critical",), "categories": ("bug",)}),
        ("bug", {"text": "bug", "categories": ("bug",)}),
        ("", {}),
        ('"p1 is a priority" p2 @ana', {"text": "p1 is a priority", "priorities": ("high",), "names": ("ana",)}),
        ('low "high  disk" on bug db', {"text": "high  disk on db", "priorities": ("low",), "categories": ("bug",)}),
        ("“p1 «x»” p2", {"text": "p1 «x»", "priorities": ("high",)}),
        ("„p1 x“ «p3» p2", {"text": "p1 x p3", "priorities": ("high",)}),
        ('19" rack and 24" rack', {"text": '19" rack and 24" rack'}),
        ('"never closed p1', {"text": '"never closed', "priorities": ("critical",)}),
        ('note:"as typed"', {"text": 'note:"as typed"'}),
        ("a &lt; b &amp; c", {"text": "a < b & c"}),
        ("unassigned open", {"text": "unassigned open"}),
    ],
)
def test_a_title_keeps_its_words_and_gives_up_the_options(words: str, expected: dict[str, Any]) -> None:
    assert said(f"new {words}") == {"verb": "new"} | expected
    assert said(f"quick {words}") == {"verb": "quick"} | expected


@pytest.mark.parametrize(
    "line, expected",
    [
        (
            "list p1,p2 outage unassigned older:2d",
            {
                "verb": "list",
                "priorities": ("critical", "high"),
                "categories": ("outage",),
                "options": (("assignee", "none"), ("older", "2d")),
            },
        ),
        ("ls open,resolved In  Progress", {"verb": "list", "statuses": ("open", "resolved", "in_progress")}),
        ("list status:in_progress p1 p1,", {"verb": "list", "priorities": ("critical",), "statuses": ("in_progress",)}),
        ("list status:lost", {"verb": "list", "options": (("status", "lost"),)}),
        (
            "list assignee:<@U1|Ana Lee> in:<#C1|ops> owner:@ben by:&lt;x",
            {"verb": "list", "options": (("assignee", "U1"), ("in", "C1"), ("owner", "@ben"), ("by", "<x"))},
        ),
        ("list <@U1><@U2>, @zoe", {"verb": "list", "people": ("U1", "U2"), "names": ("zoe",)}),
        ("list p1,nonsense", {"verb": "list", "text": "p1,nonsense"}),
        ("list , ;: older:", {"verb": "list", "text": ", ;: older:"}),
        ('search "card reader" low  42', {"verb": "search", "text": "card reader  42", "priorities": ("low",)}),
        (
            "mine older:2d in:#ops newer:3h assignee:me",
            {"verb": "mine", "options": (("older", "2d"), ("in", "#ops"), ("newer", "3h"), ("assignee", "me"))},
        ),
        ("list in:<#C1> colour:red p9", {"verb": "list", "text": "colour:red p9", "options": (("in", "C1"),)}),
        ('search "p1" "unassigned" p2', {"verb": "search", "text": "p1 unassigned", "priorities": ("high",)}),
        ("search % _ ' \\ :* & !", {"verb": "search", "text": "% _ ' \\ :* & !"}),
        ("find in progressive steps", {"verb": "search", "text": "in progressive steps"}),
        ("mine", {"verb": "mine"}),
        ("stats 30d by category", {"verb": "stats", "text": "30d by category"}),
    ],
)
def test_filters_count_anywhere(line: str, expected: dict[str, Any]) -> None:
    assert said(line) == expected


@pytest.mark.parametrize(
    "line, expected",
    [
        ("assign 42 <@U1>", {"verb": "assign", "number": 42, "people": ("U1",)}),
        ("assign <@W1|ana> 42", {"verb": "assign", "number": 42, "people": ("W1",)}),
        ("42 assign @ana", {"verb": "assign", "number": 42, "names": ("ana",)}),
        ("assign 42 me", {"verb": "assign", "number": 42, "text": "me"}),
        ("p 42 critical", {"verb": "priority", "number": 42, "priorities": ("critical",)}),
        ("sev p2 INC-42", {"verb": "priority", "number": 42, "priorities": ("high",)}),
        ("prio 42 4", {"verb": "priority", "number": 42, "priorities": ("low",)}),
        ("prio 42 5", {"verb": "priority", "number": 42, "text": "5"}),
        ("cat 42 question", {"verb": "category", "number": 42, "categories": ("question",)}),
        ("cat 42 unheard of", {"verb": "category", "number": 42, "text": "unheard of"}),
        ("show 42 plain", {"verb": "show", "number": 42, "text": "plain"}),
        ("show 42 43", {"verb": "show", "number": 42, "text": "43"}),
        ('show "42"', {"verb": "show", "text": "42"}),
        ("why resolve 42", {"verb": "why", "number": 42, "text": "resolve"}),
        ("sync 42", {"verb": "sync", "number": 42}),
        ("undo", {"verb": "undo"}),
    ],
)
def test_one_incident_and_what_to_do_with_it_come_in_any_order(line: str, expected: dict[str, Any]) -> None:
    assert said(line) == expected


@pytest.mark.parametrize(
    "line, expected",
    [
        ("help resolve", {"verb": "help", "text": "resolve"}),
        ("? p1", {"verb": "help", "text": "p1"}),
        ("link <mailto:a@b.c|a@b.c>", {"verb": "link", "text": "a@b.c"}),
        (
            "admin approve <@U7> @zoe",
            {"verb": "admin", "text": "approve @Ana @zoe", "people": ("U7",), "names": ("zoe",)},
        ),
        (
            "admin digest add <#C1|ops> 09:00 Europe/Berlin mon-fri",
            {"verb": "admin", "text": "digest add #ops 09:00 Europe/Berlin mon-fri", "channels": ("C1",)},
        ),
        ("admin restore INC-42", {"verb": "admin", "text": "restore INC-42", "number": 42}),
        ("admin", {"verb": "admin"}),
        ('admin category add "<@U1>"', {"verb": "admin", "text": 'category add "@U1"'}),
    ],
)
def test_the_other_verbs_get_their_text_whole(line: str, expected: dict[str, Any]) -> None:
    assert said(line) == expected


@pytest.mark.parametrize(
    "line, words",
    [
        ('search "card reader" <@U7|x>y', ("card reader", "@xy")),
        ("show 42 Plain", ("Plain",)),
        ('admin category rename bug "Card reader"', ("category", "rename", "bug", "Card reader")),
        ("resolve 42 all good", ("all", "good")),
    ],
)
def test_a_quoted_phrase_is_one_word(line: str, words: tuple[str, ...]) -> None:
    assert read(line).words == words


@pytest.mark.parametrize(
    "line, typed, guess",
    [
        ("reslove 42 rolled back", "reslove", "resolve"),
        ("42 reslove", "reslove", "resolve"),
        ("clsoe 42", "clsoe", "resolve"),
        ("checkout is down", "checkout", None),
        ("42 p1", "p1", None),
        ("&lt;b&gt;", "<b>", None),
        ('"resolve" 42', '"resolve"', "resolve"),
        ("x" * 40_000, "x" * 40_000, None),
    ],
)
def test_an_unknown_verb_is_kept_whole_and_guessed_at(line: str, typed: str, guess: str | None) -> None:
    request = read(line)

    assert (request.verb, request.typed, request.guess, request.line) == ("unknown", typed, guess, line)


def test_a_line_can_be_run_again_unless_it_is_private() -> None:
    assert read("assign 42 <@U1|ana>").line == "assign 42 <@U1|ana>"
    assert [read(f"{verb} ana@example.com").line for verb in ("link", "unlink", "recover", "token")] == [""] * 4


@pytest.mark.parametrize(
    "line",
    [
        "login hunter2",
        "LOGIN: hunter2",
        "log in hunter2",
        "sign-in hunter2",
        "signin",
        "password=hunter2",
        "passwd hunter2",
        "pw hunter2",
        "pass hunter2",
        "pass word hunter2",
        "my password is hunter2",
        "pasword hunter2",
        "logn hunter2",
        '"password" hunter2',
        "42 login hunter2",
        "<@U1|bot>: login hunter2",
        "  \n login hunter2",
        "password " + "x" * 40_000,
    ],
)
def test_nothing_is_kept_of_a_line_that_may_hold_a_password(line: str) -> None:
    assert is_secret(line)
    assert read(line) == Request("secret")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "42",
        "new Login page broken",
        "comment 42 password reset fails",
        "search password",
        "help login",
        "list",
        "checkout is down",
        "plugin broken",
        "the login page is down",
    ],
)
def test_talking_about_logins_is_no_secret(line: str) -> None:
    assert not is_secret(line)


@pytest.mark.parametrize(
    "text, stripped",
    [
        ("<@UBOT> resolve 42", "resolve 42"),
        ("<@UBOT|tracker>: resolve 42", "resolve 42"),
        (" \n<@UBOT>, <@UBOT>\tresolve 42 ", "resolve 42"),
        ("resolve 42 <@UBOT>", "resolve 42"),
        ("help <@UBOT|tracker>?", "help"),
        ("<@UBOT>", ""),
        ("I think <@UBOT> is broken", "I think <@UBOT> is broken"),
        ("<@UBOTX> resolve", "<@UBOTX> resolve"),
        ("<@U1> resolve", "<@U1> resolve"),
        ("", ""),
    ],
)
def test_the_bots_own_name_is_left_out(text: str, stripped: str) -> None:
    assert strip_mention(text, "UBOT") == stripped


PIECES = (
    *(
        "new",
        "resolve",
        "list",
        "assign",
        "admin",
        "p",
        "open",
        "login",
        "42",
        "#0",
        "-1",
        "INC-",
        "p1",
        "p1,p2",
        "low",
    ),
    *("outage", "unassigned", "in progress", "status:open", "p:", "cat:x", 'cat:"x y"', "<@U1|a b>", "<@U7>", "<#C1|>"),
    *("@ana", "@", "<!here>", "<", ">", "&lt;", "&", '"', "“", "”", "«", "»", "„", ",", ":", "\x00", "\ud83d", "🙂"),
    *("\u05e9", "\u202e", "\u200f", "\n", "  ", "\u3000", "٤", CARD, f"<{CARD}?thread_ts=1>", "-h", "?", "*_~`", "ı"),
)


def test_no_line_at_all_is_too_odd() -> None:
    rng = random.Random(5)  # noqa: S311
    for _ in range(5000):
        line = "".join(rng.choice(PIECES) + rng.choice(("", " ", " ")) for _ in range(rng.randrange(12)))
        request = read(line)
        assert request.verb in {*ALIASES, "", "unknown", "secret"}
        assert request.number is None or 1 <= request.number <= LARGEST_NUMBER
        assert isinstance(strip_mention(line, "U7"), str)


@contextmanager
def no_hanging() -> Iterator[None]:
    """Fails what takes a hundred times the processor's time that it needs; a busy machine takes none of it."""

    def fail(*_: object) -> NoReturn:
        pytest.fail("Reading this line does not come to an end.")

    before = signal.signal(signal.SIGVTALRM, fail)
    signal.setitimer(signal.ITIMER_VIRTUAL, 10)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("verb", ["new ", "list ", "comment "])
def test_a_hundred_thousand_characters_are_read_whatever_they_repeat(verb: str) -> None:
    for piece in PIECES:
        with no_hanging():
            read(verb + (piece * 100_000)[:100_000])


@pytest.mark.parametrize("endless", ["\u0301\u0316" * 50_000, "x" * 100_000, "x," * 50_000])
def test_a_word_without_end_is_read(endless: str) -> None:
    with no_hanging():
        read(f"list {endless}")
    with no_hanging():
        without_addresses(f"what {endless}")


def test_addresses_are_hidden_wherever_they_stand() -> None:
    line = "x a@b.example <mailto:a@b.example|a@b.example> (a@b.example),c@d <a@b.example> @ana <@U7>"

    assert without_addresses(line) == f"x {HIDDEN} {HIDDEN} {HIDDEN} <{HIDDEN}> @ana <@U7>"
