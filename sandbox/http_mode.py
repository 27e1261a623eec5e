"""HTTP mode: signed posts to the app's request URLs."""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from sandbox.clock import Clock
from sandbox.dispatch import Ack, Envelope
from sandbox.socket_mode import ACK_SECONDS

Json = dict[str, Any]

SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105 - it protects nothing
REDIRECTS = 2


class HttpMode:
    """Posts everything to one URL, or each payload to the URL that its envelope names."""

    def __init__(self, clock: Clock, *, request_url: str | None) -> None:
        self.clock = clock
        self.request_url = request_url
        self._session: aiohttp.ClientSession | None = None

    async def send(self, envelope: Envelope) -> Ack:
        url = self.request_url or envelope.url
        if url is None:
            return Ack("no_connection", reason="connection_failed")
        content_type, body = _encoded(envelope)
        headers = {**signed(body), "Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com)"}
        if envelope.attempt:
            headers |= {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": envelope.reason}
        posting = asyncio.ensure_future(self._post(url, body, headers))
        try:
            if await self.clock.outlasts(posting, ACK_SECONDS):
                return Ack("timeout", reason="http_timeout")
            return posting.result()
        finally:
            posting.cancel()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Ack:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        try:
            async with self._session.post(url, data=body, headers=headers, max_redirects=REDIRECTS) as answer:
                return _judged(answer.status, answer.headers.get("x-slack-no-retry"), await answer.text())
        except aiohttp.TooManyRedirects:
            return Ack("error", reason="too_many_redirects")
        except aiohttp.ClientConnectionError:
            return Ack("no_connection", reason="connection_failed")


def signed(body: bytes, *, at: int | None = None) -> dict[str, str]:
    stamp = str(int(time.time()) if at is None else at)
    base = b"v0:" + stamp.encode() + b":" + body
    digest = hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def _encoded(envelope: Envelope) -> tuple[str, bytes]:
    payload = envelope.payload
    if envelope.kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    form = payload if envelope.kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def _judged(status: int, no_retry: str | None, text: str) -> Ack:
    if not 200 <= status < 300:
        reason = "no_retry" if no_retry == "1" else "http_error"
        return Ack("error", body=text, reason=reason, error=f"HTTP {status}")
    try:
        return Ack("acked", body=json.loads(text) if text else None)
    except ValueError:
        return Ack("acked", body=text)
