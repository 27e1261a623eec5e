"""A mail server on 127.0.0.1 that keeps what it is given, for the page and for tests; nothing leaves the machine."""

import asyncio
import email
import email.policy
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox import ids
from sandbox.core import Sandbox
from sandbox.faults import Fault

LARGEST = 1_000_000
MOST = 200
TAKEN = "250 OK"


class _Letterbox:
    """What aiosmtpd calls for each mail."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._box.faults.strikes("event", "mail")
        if fault is not None:
            return await self._failed(server, fault)
        self._box.workspace.mails.append(_read(envelope))
        del self._box.workspace.mails[:-MOST]
        self._box.journal.ring()
        return TAKEN

    async def _failed(self, server: SMTP, fault: Fault) -> str:
        if fault.kind.startswith("error:"):
            return f"{fault.kind.removeprefix('error:')} Refused by the sandbox"
        if fault.kind == "timeout":
            await self._box.closing.wait()
        _drop(server)
        return TAKEN


@asynccontextmanager
async def serve(box: Sandbox) -> AsyncIterator[None]:
    """Take mails until the block ends; the box knows where."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    letterbox = _Letterbox(box)
    open_ones: WeakSet[SMTP] = WeakSet()

    def connected() -> SMTP:
        made = SMTP(letterbox, data_size_limit=LARGEST, enable_SMTPUTF8=True, loop=loop, ident="sandbox")
        open_ones.add(made)
        return made

    listening = await loop.create_server(connected, "127.0.0.1", 0)
    box.mail_host, box.mail_port = listening.sockets[0].getsockname()
    try:
        yield
    finally:
        listening.close()
        for server in open_ones:
            _drop(server)
        await asyncio.sleep(0)
        await listening.wait_closed()


def _drop(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _read(envelope: Envelope) -> dict[str, Any]:
    content = envelope.original_content or b""
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    return {
        "id": ids.new("Ma"),
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "subject": str(message["Subject"] or ""),
        "text": str(body.get_content() if body else "").replace("\r\n", "\n"),
        "at": int(time.time()),
    }
