"""Secrets that the bot must read again: stored sealed, with a key that is not in the database."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SealedError(RuntimeError):
    """What is sealed cannot be opened; one sentence with the fix."""


class Sealer:
    """Seals and opens for one purpose: what is sealed for another cannot be opened here.

    Args:
        secret_key: SECRET_KEY; every process that shares the database needs the same.
        purpose: names the key that is derived from it (HKDF-SHA256), such as ``webhook secrets``.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._secret_key = secret_key
        self._purpose = purpose

    def seal(self, text: str) -> str:
        """The text, encrypted and signed (Fernet); each time another, so that equal texts cannot be told."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            SealedError: it was sealed with another key or for another purpose, or it was changed.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealedError(
                f"Cannot open the stored {self._purpose}: SECRET_KEY is not the one that they were sealed with. "
                "Set it to the former value, or add them anew."
            ) from None

    @cached_property
    def _fernet(self) -> Fernet:
        # Loaded here: a bot without sealed secrets starts without it.
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"incident-tracker: {self._purpose}".encode())
        return Fernet(base64.urlsafe_b64encode(derive.derive(self._secret_key.encode())))
