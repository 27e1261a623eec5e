"""Secrets as Argon2id hashes: made and compared in a thread of its own, since each takes a twentieth of a second."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

HASHER: Final = PasswordHasher()
_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
"""At most two at once: each needs 64 MiB."""


async def hashed(secret: str) -> str:
    """What may be stored of a secret."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, HASHER.hash, secret)


async def matching(secret: str, stored: Sequence[str | None]) -> int | None:
    """Which of these hashes belongs to the secret, if any; takes as long for a missing hash as for a wrong one."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _matching, secret, list(stored))


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than are used now: then hash the secret anew while it is known."""
    return HASHER.check_needs_rehash(stored)


def _matching(secret: str, stored: Sequence[str | None]) -> int | None:
    found = [_is_right(secret, each or _nobodys()) and each is not None for each in stored]
    return found.index(True) if True in found else None


def _is_right(secret: str, stored: str) -> bool:
    try:
        return HASHER.verify(stored, secret)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """A hash that no secret has, with today's parameters."""
    return HASHER.hash("")
