"""The verbs of the grammar, their other names, and how each treats the words after it."""

from collections.abc import Mapping
from typing import Final

from domain.policy import Action

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "new": ("create", "declare", "report"),
    "quick": (),
    "list": ("ls",),
    "mine": (),
    "search": ("find",),
    "show": ("view",),
    "take": ("claim",),
    "assign": (),
    "unassign": (),
    "start": ("progress",),
    "revert": (),
    "resolve": ("fixed", "done", "close"),
    "reopen": (),
    "undo": (),
    "priority": ("p", "prio", "sev"),
    "category": ("cat",),
    "edit": ("rename",),
    "comment": ("say",),
    "history": ("timeline",),
    "export": (),
    "delete": (),
    "restore": (),
    "sync": (),
    "stats": (),
    "digest": (),
    "link": (),
    "unlink": (),
    "recover": (),
    "whoami": (),
    "token": (),
    "why": (),
    "help": ("?", "-h", "--help"),
    "admin": (),
    "open": (),
}
"""Every verb with its other names; ``open`` is the one that only asks what is meant."""

VERBS: Final = {alias: verb for verb, aliases in ALIASES.items() for alias in (verb, *aliases)}
PROSE: Final = frozenset({"comment", "resolve", "reopen", "edit", "open"})
TITLED: Final = frozenset({"new", "quick"})
LISTING: Final = frozenset({"list", "mine", "search", "stats"})
WHOLE: Final = frozenset({"digest", "link", "unlink", "recover", "whoami", "token", "help", "admin"})
PRIVATE: Final = frozenset({"link", "unlink", "recover", "token"})
SECRET_VERBS: Final = frozenset({"login", "logon", "signin", "signon", "pass", "secret", "auth", "credentials"})
SECRETS: Final = frozenset({"password", "passwords", "passwd", "passphrase", "passcode", "pw", "pwd"})
NEEDS: Final[Mapping[str, Action]] = {
    "new": Action.CREATE,
    "quick": Action.CREATE,
    "take": Action.TAKE,
    "assign": Action.ASSIGN,
    "unassign": Action.ASSIGN,
    "start": Action.START,
    "revert": Action.REVERT,
    "resolve": Action.RESOLVE,
    "reopen": Action.REOPEN,
    "undo": Action.UNDO,
    "priority": Action.PRIORITIZE,
    "category": Action.CATEGORIZE,
    "edit": Action.EDIT,
    "comment": Action.COMMENT,
    "delete": Action.DELETE,
    "restore": Action.RESTORE,
    "sync": Action.SYNC,
    "link": Action.LINK,
    "recover": Action.LINK,
    "unlink": Action.LINK,
    "token": Action.KEEP_ACCOUNT,
    "admin": Action.ADMINISTER,
}
"""What the policy is asked for a verb; the others only show what the person may see."""
