"""Sending a signed request to a webhook, and nowhere else: no redirect is followed, no answer is read.

The signature is that of Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body`` with the bytes of the secret.
"""

import base64
import hashlib
import hmac
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bot.settings import Settings
from bot.webhooks.names import LookUp, Names
from domain import destinations, webhooks
from domain.destinations import Destinations
from domain.errors import InvalidInput
from domain.sealing import Sealer
from domain.webhooks import OFF_AFTER, PREFIX, PURPOSE

AGENT: Final = "Incident-Tracker-Webhook/1"
LONGEST_WAIT_S: Final = 300.0
"""Between two tries, and the most that a receiver may ask for."""


class Refused(Exception):
    """It was not taken; says why.

    Args:
        status: of the answer, if there was one.
        wait_s: how long the receiver asked to be left alone.
    """

    def __init__(self, why: str, *, status: int | None = None, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.status, self.wait_s = status, wait_s


@dataclass(slots=True, kw_only=True)
class Courier:
    """How webhooks are reached.

    Args:
        within_s: how long a receiver may take.
        again_s: until the second try; each wait is twice as long as the one before, up to five minutes.
        tries: after so many a row is given up that this receiver does not want, although it takes others.
        off_after: a receiver that takes nothing for so long is switched off.
        look_up: answers what addresses a name leads to.
    """

    sealer: Sealer
    to: Destinations = field(default_factory=Destinations)
    within_s: float = 10.0
    again_s: float = 1.0
    tries: int = 10
    off_after: timedelta = OFF_AFTER
    look_up: LookUp = socket.getaddrinfo

    @classmethod
    def of(cls, settings: Settings) -> "Courier | None":
        """None without SECRET_KEY: there is nothing to seal secrets with."""
        if settings.secret_key is None:
            return None
        sealer = Sealer(settings.secret_key.get_secret_value(), PURPOSE)
        return cls(sealer=sealer, to=Destinations.of(settings.webhook_networks))

    async def send(self, webhook: webhooks.Webhook, id: str, body: bytes, *, at: int) -> None:
        """Send it once.

        Args:
            id: the same for each try, so that a receiver can tell that it has it already.
            at: now, in seconds; part of what is signed, so that an old request cannot be sent again by others.

        Raises:
            Refused: the receiver did not say that it has it, or must not be reached.
            SealedError: address and secret cannot be opened.
        """
        url, secret = self.sealer.open(webhook.url), self.sealer.open(webhook.secret)
        try:
            destinations.host_of(url, self.to)
        except InvalidInput:
            raise Refused(destinations.PRIVATE) from None
        await self._post(url, body, {**_HEADERS, **signed(secret, id, body, at=at)})

    def wait_s(self, tries: int, asked_s: float = 0.0) -> float:
        """Seconds until the next try after so many, or as the receiver asked for."""
        return max(min(self.again_s * 2.0 ** (tries - 1), LONGEST_WAIT_S), asked_s)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        guard = _Guard(self.to, is_encrypted=url.startswith("https:"))
        names = Names(self.look_up)
        connector = TCPConnector(socket_factory=guard.socket, resolver=names, force_close=True)
        how = {"timeout": ClientTimeout(total=self.within_s), "cookie_jar": DummyCookieJar(), "trust_env": False}
        try:
            async with (
                ClientSession(connector=connector, **how) as session,  # type: ignore[arg-type]
                session.post(URL(url, encoded=True), data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except TimeoutError:
            raise Refused(f"did not answer within {self.within_s:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            said = f"cannot be reached ({type(error).__name__})"  # its words may have the address in them, a secret
            raise Refused(destinations.PRIVATE if guard.has_refused else said) from None
        if not 200 <= status < 300:
            raise Refused(f"answered {status}", status=status, wait_s=_seconds(wait))


def signed(secret: str, id: str, body: bytes, *, at: int) -> dict[str, str]:
    """The headers by which a receiver knows who sent it."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


@dataclass(slots=True)
class _Guard:
    """Makes the sockets: here the address that a name led to is known, just before it is connected to."""

    to: Destinations
    is_encrypted: bool
    has_refused: bool = False

    def socket(self, found: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = found
        if not self.to.allows(str(address[0]), is_encrypted=self.is_encrypted):
            self.has_refused = True
            raise OSError(destinations.PRIVATE)
        return socket.socket(family, kind, protocol)


_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": AGENT}


def _seconds(wait: str) -> float:
    """What the header Retry-After asks for, if it does so in seconds."""
    return min(float(wait), LONGEST_WAIT_S) if wait.isascii() and wait.isdigit() and len(wait) < 10 else 0.0
