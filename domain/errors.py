"""What can be wrong with a request, as words that a person reads.

DomainError
├── NotFound      there is no such thing, or the person may not see it
├── Forbidden     the rule says no; carries who may
├── InvalidInput  something typed cannot be used; carries the field
└── Conflict      it changed meanwhile, or the lifecycle has no such step
    ├── AlreadyDone   what was asked for is so already
    ├── Stale         it changed since the person saw it; carries its version now
    └── Repeated      the same form or message once more; nothing is left to do
"""


class DomainError(Exception):
    """Nothing was changed; ``str(error)`` says what happened, why, and what to do next."""


class NotFound(DomainError):
    """There is no such thing for this person."""


class Forbidden(DomainError):
    """The person may not; the sentence names the rule, the bot adds whom to ask."""


class InvalidInput(DomainError):
    """A value cannot be used.

    Args:
        field: the domain's name of the value, which is the block id of its input, too.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class Conflict(DomainError):
    """The incident is not in the state that the request needs."""


class AlreadyDone(Conflict):
    """Somebody, perhaps the same person, did this before."""


class Stale(Conflict):
    """It changed since the person saw it; what was asked for could still be done to it as it is now.

    Args:
        version: of the incident now.
    """

    def __init__(self, message: str, *, version: int) -> None:
        super().__init__(message)
        self.version = version


class Repeated(Conflict):
    """Slack or a person sent the same thing again; the first time stands."""

    def __init__(self) -> None:
        super().__init__("This was saved already; nothing was done twice.")
