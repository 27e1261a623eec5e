"""What a login gives: a JSON Web Token, good for eight days or until the person's logins are ended."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import jwt

from domain import db
from domain.credentials import Claims

GOOD_FOR: Final = timedelta(days=8)
LONGEST: Final = 2_000
CLOCKS_APART: Final = timedelta(minutes=1)
"""Another process, whose clock is ahead, may have made the token."""
_ALGORITHM: Final = "HS256"
_NEEDED: Final = ["sub", "exp", "ws", "v"]


def made(claims: Claims, secret_key: str) -> str:
    """A token for whoever proved to be this account's holder."""
    now = db.now()
    said = {
        "sub": str(claims.account_id),
        "ws": claims.workspace_id,
        "v": claims.version,
        "iat": now,
        "exp": now + GOOD_FOR,
    }
    return jwt.encode(said, _key(secret_key), _ALGORITHM)


def read(token: str, secret_key: str) -> Claims | None:
    """What a token says, if we made it and it is not too old."""
    if len(token) > LONGEST:
        return None
    try:
        said: dict[str, Any] = jwt.decode(
            token, _key(secret_key), [_ALGORITHM], options={"require": _NEEDED}, leeway=CLOCKS_APART
        )
        return Claims(UUID(said["sub"]), str(said["ws"]), int(said["v"]))
    except (jwt.InvalidTokenError, ValueError, TypeError):
        return None


def _key(secret_key: str) -> bytes:
    """A key of its own, so that nothing else made with the setting is a token."""
    return hmac.new(secret_key.encode(), b"logins of the API", hashlib.sha256).digest()
