"""E-mail addresses: what may be one, and when two are the same."""

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from domain.errors import InvalidInput

SPECIAL_USE_DOMAIN_NAMES.clear()  # inside companies, mail servers under .local and the like do exist

LONGEST = 254
"""Characters; mail servers take no longer address."""


def clean(typed: str, *, field: str = "email") -> str:
    """The address as it is written to and compared with others, without regard to case.

    Raises:
        InvalidInput: on ``field``: no mail server would take it.
    """
    written = typed.strip().removeprefix("mailto:")
    found = _understood(written) if len(written) <= LONGEST else None
    if found is None:
        raise InvalidInput("This is no e-mail address. Write it like ana@example.com.", field=field)
    return found.lower()


def _understood(written: str) -> str | None:
    try:
        found = validate_email(written, check_deliverability=False, globally_deliverable=False, allow_quoted_local=True)
    except EmailNotValidError:
        return None
    return found.normalized
