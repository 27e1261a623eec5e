"""Mail by SMTP: one connection a mail, encrypted unless the settings say otherwise, and no word of it in any error."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import NamedTuple

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from email_validator import validate_email
from pydantic import SecretStr

from bot.settings import Security, Sender, Settings
from domain import addresses
from domain.errors import InvalidInput

WITHIN_S = 10.0
GOODBYE_WITHIN_S = 1.0
WANTS_A_LOGIN = {530, 534, 535, 538}
"""What a server answers to a mail that it would take from somebody who logs in, or does so in another way."""
UNWRITABLE = "its address or subject cannot be written"
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class MailDown(OSError):
    """No mail can be sent now; try again. Says what the mail server did, not to whom or with which words."""


class MailRefused(Exception):
    """This mail can never be sent. Says what the mail server did, not to whom or with which words."""


class _NotOffered(Exception):
    """The server cannot do what the settings ask for."""


class _Problem(NamedTuple):
    what: str
    fix: str


class _Envelope(NamedTuple):
    sender: str
    recipient: str
    content: bytes
    options: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """Sends plain text to one person at a time, from one address.

    Args:
        security: ``starttls`` and ``tls`` check the certificate and never fall back to clear text.
    """

    host: str
    port: int
    security: Security
    sender: Sender
    user: str | None = None
    password: SecretStr | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Mailer | None":
        """As the settings say; None if they name no mail server."""
        if settings.smtp_host is None or settings.smtp_from is None:
            return None
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.smtp_from,
            user=settings.smtp_user,
            password=settings.smtp_password,
        )

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Hand a mail over to the server, within ten seconds.

        Args:
            to: one address.
            subject: one line.

        Raises:
            MailDown: it may work later, or after somebody has mended the settings or the server.
            MailRefused: it never will.
        """
        envelope = self._envelope(to, subject, text)
        try:
            async with self._connected() as smtp:
                await _hand_over(smtp, envelope)
        except (SMTPException, _NotOffered, OSError, ValueError) as error:
            raise _failure(error) from None

    async def check(self) -> str | None:
        """Connect, log in and leave again; a sentence about what is wrong and how to mend it, if anything is."""
        try:
            async with self._connected() as smtp:
                await smtp.noop()
        except (SMTPException, _NotOffered, OSError, ValueError) as error:
            problem = _problem(error)
            return f"The mail server {self.host}, port {self.port}, {problem.what}. {problem.fix}"
        return None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        smtp = SMTP(
            hostname=self.host,
            port=self.port,
            local_hostname=_written(self.sender.address).domain,  # a name that servers accept, also from a container
            use_tls=self.security == "tls",
            start_tls=False,
            timeout=None,
        )
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._enter(smtp)
                yield smtp
            with suppress(SMTPException, OSError):  # whatever was to be done is done
                async with asyncio.timeout(GOODBYE_WITHIN_S):
                    await smtp.quit()
        finally:
            if isinstance(smtp.transport, asyncio.WriteTransport):
                smtp.transport.abort()  # closing would wait for a server that hangs
            smtp.close()

    async def _enter(self, smtp: SMTP) -> None:
        await smtp.connect()
        await smtp.ehlo()
        if self.security == "starttls":
            if not smtp.supports_extension("starttls"):
                raise _NotOffered("STARTTLS")
            await smtp.starttls()
            await smtp.ehlo()
        if self.user is not None and self.password is not None:
            if not smtp.supported_auth_methods:
                raise _NotOffered("a login")
            await smtp.login(self.user, self.password.get_secret_value())

    def _envelope(self, to: str, subject: str, text: str) -> _Envelope:
        """The mail as it goes over the wire, in seven bits unless an address needs more."""
        try:
            sender, recipient = _written(self.sender.address), _written(addresses.clean(to))
            message = EmailMessage(policy=policy.SMTP)
            message["Date"] = datetime.now(UTC)
            message["Message-ID"] = make_msgid(domain=sender.domain)
            message["From"] = Address(self.sender.name, sender.username, sender.domain)
            message["To"] = recipient
            message["Subject"] = _one_line(subject)
            message["Auto-Submitted"] = "auto-generated"
            message.set_content(text, cte="quoted-printable")
            is_plain = sender.addr_spec.isascii() and recipient.addr_spec.isascii()
            content = message.as_bytes(policy=policy.SMTP if is_plain else policy.SMTPUTF8)
        except (InvalidInput, ValueError):
            raise MailRefused(UNWRITABLE) from None
        options = [] if is_plain else ["SMTPUTF8"]
        return _Envelope(sender.addr_spec, recipient.addr_spec, content, options)


def _written(address: str) -> Address:
    """The address with its domain in ASCII, as every mail server knows it.

    Raises:
        ValueError: a mail server could understand another address.
    """
    known = validate_email(address, check_deliverability=False, globally_deliverable=False, allow_quoted_local=True)
    local = known.local_part
    if local.startswith('"'):
        written = Address(addr_spec=f"{local}@{known.ascii_domain}")
    else:
        written = Address(username=local, domain=known.ascii_domain)
    if parseaddr(written.addr_spec) != ("", written.addr_spec):
        raise ValueError(address)
    return written


def _one_line(subject: str) -> str:
    if CONTROLS.search(subject):
        raise ValueError("a control character")
    return subject


async def _hand_over(smtp: SMTP, mail: _Envelope) -> None:
    try:
        await smtp.sendmail(mail.sender, [mail.recipient], mail.content, mail_options=mail.options)
    except ValueError:
        raise MailRefused(UNWRITABLE) from None


def _failure(error: Exception) -> MailDown | MailRefused:
    match error:
        case SMTPRecipientsRefused(recipients=[refused, *_]):
            return _failure(refused)
        case SMTPNotSupported():
            return MailRefused("the mail server does not take such an address")
        case SMTPSenderRefused(code=n) | SMTPRecipientRefused(code=n) | SMTPDataError(code=n) if _is_final(n):
            return MailRefused(f"the mail server answered {n}")
        case _:
            return MailDown(f"the mail server {_problem(error).what}")


def _is_final(code: int) -> bool:
    return 500 <= code <= 599 and code not in WANTS_A_LOGIN


def _problem(error: BaseException) -> _Problem:
    """What the server did, without any of its words, and what to do about it."""
    match error:
        case SMTPAuthenticationError(code=code):
            return _Problem(f"refused the login ({code})", "Check SMTP_USER and SMTP_PASSWORD.")
        case SMTPResponseException(code=code) if code in WANTS_A_LOGIN:
            return _Problem(f"answered {code}", "Set SMTP_USER and SMTP_PASSWORD, and check SMTP_SECURITY.")
        case SMTPResponseException(code=code) if code > 0:
            return _Problem(f"answered {code}", "Its own log says why.")
        case _NotOffered(args=("STARTTLS",)):
            return _Problem(
                "does not offer STARTTLS, and nothing was sent in the clear",
                "Set SMTP_SECURITY to tls, with its own SMTP_PORT, or to none if nobody can listen on the way.",
            )
        case _NotOffered():
            return _Problem("offers no login", "Leave out SMTP_USER and SMTP_PASSWORD, or check SMTP_SECURITY.")
        case ssl.SSLCertVerificationError():
            return _Problem(
                "shows a certificate that is not trusted",
                "SMTP_HOST must be a name in it. For an authority of your own, set SSL_CERT_FILE.",
            )
        case ssl.SSLError():
            return _Problem("does not speak TLS as expected", "Check SMTP_SECURITY and SMTP_PORT.")
        case _ if isinstance(error.__cause__, OSError):
            return _problem(error.__cause__)
        case TimeoutError():
            return _Problem("does not answer in time", "Check SMTP_HOST, SMTP_PORT and SMTP_SECURITY.")
        case ConnectionResetError() | ConnectionAbortedError() | SMTPServerDisconnected():
            return _Problem("hung up", "Check SMTP_PORT and SMTP_SECURITY. Its own log may say why.")
        case OSError() | UnicodeError():
            return _Problem(
                "cannot be reached", "Check SMTP_HOST and SMTP_PORT, and whether this machine may reach it."
            )
        case _:
            return _Problem("does not speak SMTP as expected", "Check SMTP_HOST, SMTP_PORT and SMTP_SECURITY.")
