"""What people type, and what is kept of it."""

import pytest

from domain import text
from domain.errors import InvalidInput


@pytest.mark.parametrize("typed", ["", "   ", "\u200b\u200e", "\n\t"])
def test_a_title_without_a_visible_character_is_refused_on_its_field(typed: str) -> None:
    with pytest.raises(InvalidInput, match="title is empty") as refused:
        text.title(typed)

    assert refused.value.field == "title"


@pytest.mark.parametrize("typed", ["🔥🔥", "الخادم معطل", "x" * 255, "<!channel> & <@U1>", "`code`"])
def test_a_title_is_kept_as_it_was_typed(typed: str) -> None:
    assert text.title(typed) == typed


def test_a_title_is_one_line() -> None:
    assert text.title("  disk\n\tfull ") == "disk full"


def test_a_title_of_256_characters_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidInput, match="256 characters"):
        text.title("x" * 256)


def test_what_postgresql_cannot_store_is_replaced() -> None:
    assert text.clean("a\x00b\ud800c") == "a\ufffdb\ufffdc"


def test_a_text_of_40000_characters_is_kept_and_one_more_is_refused() -> None:
    assert len(text.body("x" * 40_000, field="note")) == 40_000
    with pytest.raises(InvalidInput, match="40,001") as refused:
        text.body("x" * 40_001, field="note")
    assert refused.value.field == "note"


def test_a_title_that_is_too_long_is_cut_at_a_word_and_kept_whole_as_the_description() -> None:
    typed = "word " * 80

    title, description = text.split_title(typed)

    assert len(title) <= 255
    assert title.endswith("word…")
    assert description == typed.strip()


def test_a_title_that_is_one_long_word_is_cut_anyway() -> None:
    assert text.split_title("x" * 300) == ("x" * 254 + "…", "x" * 300)


def test_a_short_title_has_no_description() -> None:
    assert text.split_title("disk full") == ("disk full", "")


@pytest.mark.parametrize("typed", ["Data-Loss", " data  loss\u200b", "DATA_LOSS"])
def test_words_are_compared_without_case_dashes_and_what_stands_around_them(typed: str) -> None:
    assert text.bare(typed) == "data_loss"


def test_accents_are_compared_however_they_were_typed() -> None:
    assert text.bare("Caf\u00e9") == text.bare("cafe\u0301")


def test_a_word_without_end_is_compared_by_its_beginning() -> None:
    assert len(text.bare("a" + "\u0301\u0316" * 15_000)) <= text.LONGEST_COMPARED
