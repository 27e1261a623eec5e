"""Secrets that are stored sealed."""

import pytest

from domain.sealing import SealedError, Sealer

KEY = "a key that nobody guesses, of more than 32 characters"


def test_what_is_sealed_is_opened_again_by_another_process() -> None:
    sealed = Sealer(KEY, "webhook secrets").seal("xoxb-ü")

    assert "xoxb" not in sealed
    assert Sealer(KEY, "webhook secrets").open(sealed) == "xoxb-ü"


def test_equal_secrets_do_not_look_alike() -> None:
    sealer = Sealer(KEY, "webhook secrets")

    assert sealer.seal("same") != sealer.seal("same")


@pytest.mark.parametrize(
    "other", [Sealer("another key that has more than 32 characters", "webhook secrets"), Sealer(KEY, "tokens")]
)
def test_another_key_or_purpose_cannot_open_it_and_the_error_says_what_to_do(other: Sealer) -> None:
    sealed = Sealer(KEY, "webhook secrets").seal("secret")

    with pytest.raises(SealedError, match=r"SECRET_KEY is not the one .* Set it to the former value, or add them anew"):
        other.open(sealed)


@pytest.mark.parametrize("damaged", ["", "nonsense", "gAAAAA", "ü"])
def test_what_was_damaged_is_told_and_not_taken_for_a_secret(damaged: str) -> None:
    with pytest.raises(SealedError):
        Sealer(KEY, "webhook secrets").open(damaged)
