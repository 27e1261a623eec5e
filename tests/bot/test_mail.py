"""Mail, against real mail servers: what arrives, what is tried again, and what is never told to anybody."""

# ruff: noqa: ARG002, N802 - the server calls its handlers by these names, with all of this

import asyncio
import email
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import mail
from bot.house import House, Routes
from bot.houses import Houses
from bot.mail import MailDown, Mailer, MailRefused
from bot.relay import Relay, served
from bot.settings import Sender, Settings
from bot.sync import Pace
from domain import outbox
from domain.db import Begin
from domain.outbox import OutboxMessage, Outgoing, Topic

HOST = "127.0.0.1"
USER, PASSWORD = "postbox", "pa55-wörd"
FROM = Sender("Incidents", "incidents@example.com")


@dataclass
class Postbox:
    """What a mail server took, and what it says to the steps of a mail."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.said.append(f"EHLO {hostname}")
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "DATA" not in self.answers:
            self.taken.append(envelope)
        return self.answers.get("DATA", "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.said.append("QUIT")
        return self.answers.get("QUIT", "221 Bye")

    def mail(self) -> EmailMessage:
        [envelope] = self.taken
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def text(self) -> str:
        """What a person reads; mail ends its lines with two characters."""
        return str(self.mail().get_content()).replace("\r\n", "\n")


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    return of_a_server(authority, HOST, "localhost")


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


def of_a_server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


def logs_in(server: object, session: object, envelope: object, mechanism: str, login: LoginPassword) -> AuthResult:
    is_known = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)


@asynccontextmanager
async def serving(postbox: Postbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """A mail server; its port. ``tls`` is spoken from the first byte on."""
    loop = asyncio.get_running_loop()
    servers: list[SMTP] = []

    def connected() -> SMTP:
        given = {"enable_SMTPUTF8": True, "hostname": "mail.example.com", **options}
        servers.append(SMTP(postbox, loop=loop, **given))
        return servers[-1]

    listening = await loop.create_server(connected, HOST, 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await listening.wait_closed()
        handlers = [task for server in servers if (task := server._handler_coroutine) is not None]
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A server that knows no SMTP but does this with each connection; its port."""
    tasks: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await answer(reader, writer)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(connected, HOST, 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def saying(*lines: bytes) -> Answer:
    """Greets, answers each line it hears with one of these, then hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line + b"\r\n")
            await writer.drain()
            await reader.readline()

    return talk


async def nowhere() -> int:
    """A port where nobody listens."""
    async with answering(says_nothing) as port:
        return port


def mailer(port: int, **other: Any) -> Mailer:
    return Mailer(**{"host": HOST, "port": port, "security": "none", "sender": FROM, **other})


def with_login(password: str = PASSWORD) -> dict[str, Any]:
    return {"user": USER, "password": SecretStr(password)}


async def sent(mailer: Mailer, to: str = "ana@example.com", subject: str = "Hi", text: str = "Your code: K7\n") -> None:
    await mailer.send(to=to, subject=subject, text=text)


async def down(mailer: Mailer, **other: str) -> str:
    """What is said about a mail that is tried again."""
    with pytest.raises(MailDown) as caught:
        await sent(mailer, **other)
    assert caught.value.__suppress_context__
    return harmless(str(caught.value))


async def refused(mailer: Mailer, **other: str) -> str:
    """What is said about a mail that is given up."""
    with pytest.raises(MailRefused) as caught:
        await sent(mailer, **other)
    assert caught.value.__suppress_context__
    return harmless(str(caught.value))


async def trouble(mailer: Mailer) -> str:
    """What is wrong, and how to mend it."""
    found = await mailer.check()
    assert found is not None
    assert found.startswith(f"The mail server {mailer.host}, port {mailer.port}, ")
    return harmless(found.removeprefix(f"The mail server {mailer.host}, port {mailer.port}, "))


def harmless(words: str) -> str:
    assert not any(secret in words for secret in ("@", "ana", USER, PASSWORD, "wrong", "K7", "SeCrEt"))
    assert "\n" not in words
    return words


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "WITHIN_S", 0.3)


def test_without_a_mail_server_there_is_no_mailer() -> None:
    tokens = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}
    given: dict[str, Any] = {"_env_file": None, **tokens}

    assert Mailer.of(Settings(**given)) is None


def test_a_mailer_is_made_from_the_settings_and_shows_no_password() -> None:
    tokens = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}
    login = {"smtp_user": USER, "smtp_password": PASSWORD}
    given: dict[str, Any] = {"_env_file": None, **tokens, **login, "smtp_host": "mail.example.com"}

    given |= {"smtp_from": "Incidents <incidents@example.com>", "smtp_security": "tls"}

    made = Mailer.of(Settings(**given))

    assert made == Mailer(host="mail.example.com", port=465, security="tls", sender=FROM, **with_login())
    assert PASSWORD not in repr(made)


async def test_a_mail_arrives_as_plain_text_with_all_its_headers() -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        await sent(mailer(port), subject="Your code", text="Hello Ana,\n.\nFrom here on: K7\n")

    [envelope] = postbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("incidents@example.com", ["ana@example.com"])
    assert (str(postbox.mail()["From"]), str(postbox.mail()["To"])) == (
        "Incidents <incidents@example.com>",
        "ana@example.com",
    )
    assert postbox.mail()["Subject"] == "Your code"
    assert postbox.mail()["Auto-Submitted"] == "auto-generated"
    assert postbox.mail()["Message-ID"].endswith("@example.com>")
    assert datetime.now(UTC) - parsedate_to_datetime(postbox.mail()["Date"]) < timedelta(minutes=1)
    assert (postbox.mail().get_content_type(), postbox.mail().get_content_charset()) == ("text/plain", "utf-8")
    assert postbox.text() == "Hello Ana,\n.\nFrom here on: K7\n"
    assert postbox.said == ["EHLO example.com", "QUIT"]


async def test_every_script_arrives_also_where_only_ascii_is_understood() -> None:
    postbox = Postbox()
    subject, text = "Störung 🔥 " + "日本語" * 40, "Größe: 日本語 👩‍🚒\n" * 500
    async with serving(postbox, enable_SMTPUTF8=False) as port:
        await sent(mailer(port, sender=Sender('Störung, "rot" 🔥', "a@bücher.example")), subject=subject, text=text)

    assert postbox.mail()["Subject"] == subject
    assert postbox.text() == text
    assert postbox.mail()["From"].addresses[0].display_name == 'Störung, "rot" 🔥'
    assert postbox.mail()["From"].addresses[0].addr_spec == "a@xn--bcher-kva.example"
    content = postbox.taken[0].content
    assert isinstance(content, bytes)
    assert content.isascii()


async def test_long_texts_and_lines_arrive_whole() -> None:
    postbox = Postbox()
    text = "x" * 50_000 + "\n" + "".join(f"{n} {'y' * (n % 200)} \t\n" for n in range(5_000)) + "no end of line"
    async with serving(postbox) as port:
        await sent(mailer(port), text=text, subject="A long story " * 30)

    assert postbox.text() == text + "\n"
    assert postbox.mail()["Subject"] == ("A long story " * 30)
    content = postbox.taken[0].content
    assert isinstance(content, bytes)
    assert max(map(len, content.splitlines())) <= 78


async def test_a_domain_in_another_script_is_written_in_ascii() -> None:
    postbox = Postbox()
    async with serving(postbox, enable_SMTPUTF8=False) as port:
        await sent(mailer(port), to="ana@straße.example")

    assert postbox.taken[0].rcpt_tos == ["ana@xn--strae-oqa.example"]
    assert str(postbox.mail()["To"]) == "ana@xn--strae-oqa.example"


async def test_a_name_in_another_script_is_written_to_where_the_server_can() -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        await sent(mailer(port), to="zoë@bücher.example", subject="Größe")

    assert postbox.taken[0].rcpt_tos == ["zoë@xn--bcher-kva.example"]
    assert postbox.taken[0].smtp_utf8
    assert (str(postbox.mail()["To"]), postbox.mail()["Subject"]) == ("zoë@xn--bcher-kva.example", "Größe")


async def test_a_name_in_another_script_is_given_up_where_the_server_cannot() -> None:
    postbox = Postbox()
    async with serving(postbox, enable_SMTPUTF8=False) as port:
        assert await refused(mailer(port), to="zoë@example.com") == "the mail server does not take such an address"

    assert postbox.taken == []


@pytest.mark.parametrize(
    "to",
    ['"ana lee"@example.com', '"a@b.com> "@example.com', "o'ana=x/y@example.com", f"{'a' * 64}@{'b.' * 90}example"],
)
async def test_unusual_addresses_are_written_to_as_they_are(to: str) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        await sent(mailer(port), to=to)

    assert postbox.taken[0].rcpt_tos == [to]
    assert [each.addr_spec for each in postbox.mail()["To"].addresses] == [to]


@pytest.mark.parametrize(
    "to",
    [
        "ana@example.com\r\nBcc: ben@example.com", "ana@example.com\nRCPT TO:<ben@example.com>", "", "ana",
        "ana@example.com, ben@example.com", "Ana <ana@example.com>", "ana@example.com>", "ana@example.com SIZE=1",
        "ana\x00@example.com", "ana\u2028@example.com", "ana@exa\nmple.com", "ana@", "@example.com", "a" * 300 + "@x",
        '"ana\x7f"@example.com', '"ana\r\n"@example.com', "\ud800@example.com",
    ],
)  # fmt: skip
async def test_nothing_can_be_smuggled_in_by_an_address(to: str) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        assert await refused(mailer(port), to=to) == "its address or subject cannot be written"

    assert postbox.taken == []


@pytest.mark.parametrize(
    "subject", ["Hi\r\nBcc: ben@example.com", "Hi\nX: y", "Hi\r", "Hi\n", "Hi\x00", "Hi\x85X: y", "Hi\u2028X", "\ud800"]
)
async def test_nothing_can_be_smuggled_in_by_a_subject(subject: str) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        assert await refused(mailer(port), subject=subject) == "its address or subject cannot be written"

    assert postbox.taken == []


async def test_a_text_cannot_end_the_mail_early() -> None:
    postbox = Postbox()
    text = "a\r\n.\r\nMAIL FROM:<ben@example.com>\r\n..\r\n\r.\nb\n"
    async with serving(postbox) as port:
        await sent(mailer(port), text=text)

    assert len(postbox.taken) == 1
    assert postbox.text().splitlines() == text.splitlines()


async def test_a_server_with_starttls_is_spoken_to_in_secret(certificate: ssl.SSLContext, trusted: None) -> None:
    postbox = Postbox()
    options: dict[str, Any] = {
        "tls_context": certificate,
        "require_starttls": True,
        "authenticator": logs_in,
        "auth_required": True,
    }
    async with serving(postbox, **options) as port:
        await sent(mailer(port, security="starttls", **with_login()))
        assert await mailer(port, security="starttls", **with_login()).check() is None

    assert postbox.mail()["Subject"] == "Hi"


async def test_a_server_with_tls_is_spoken_to_in_secret(certificate: ssl.SSLContext, trusted: None) -> None:
    postbox = Postbox()
    async with serving(postbox, tls=certificate) as port:
        await sent(mailer(port, security="tls"))
        assert await mailer(port, host="localhost", security="tls").check() is None

    assert postbox.mail()["Subject"] == "Hi"


async def test_a_login_on_this_machine_needs_no_encryption() -> None:
    postbox = Postbox()
    async with serving(postbox, authenticator=logs_in, auth_require_tls=False) as port:
        await sent(mailer(port, **with_login()))
        assert await mailer(port, **with_login()).check() is None

    assert len(postbox.taken) == 1


async def test_a_server_without_starttls_never_hears_a_password_or_a_mail() -> None:
    postbox = Postbox()
    async with serving(postbox, authenticator=logs_in, auth_require_tls=False) as port:
        careful = mailer(port, security="starttls", **with_login())
        assert await down(careful) == "the mail server does not offer STARTTLS, and nothing was sent in the clear"
        assert "Set SMTP_SECURITY to tls" in await trouble(careful)

    assert (postbox.taken, postbox.said) == ([], ["EHLO example.com", "EHLO example.com"])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_trusts_ends_it(certificate: ssl.SSLContext, security: str) -> None:
    postbox = Postbox()
    options: dict[str, Any] = {"tls": certificate} if security == "tls" else {"tls_context": certificate}
    async with serving(postbox, **options) as port:
        assert await down(mailer(port, security=security)) == "the mail server shows a certificate that is not trusted"
        assert "set SSL_CERT_FILE" in await trouble(mailer(port, security=security))

    assert postbox.taken == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_certificate_of_another_server_ends_it(authority: trustme.CA, trusted: None, security: str) -> None:
    postbox = Postbox()
    other = of_a_server(authority, "other.example.com")
    options: dict[str, Any] = {"tls": other} if security == "tls" else {"tls_context": other}
    async with serving(postbox, **options) as port:
        assert await down(mailer(port, security=security)) == "the mail server shows a certificate that is not trusted"
        assert "SMTP_HOST must be a name in it" in await trouble(mailer(port, security=security))

    assert postbox.taken == []


async def test_tls_with_a_server_that_speaks_none_is_told() -> None:
    async with serving(Postbox()) as port:
        assert await down(mailer(port, security="tls")) == "the mail server does not speak TLS as expected"
        assert "Check SMTP_SECURITY and SMTP_PORT." in await trouble(mailer(port, security="tls"))


async def test_a_wrong_password_is_tried_again_after_somebody_mended_it() -> None:
    postbox = Postbox()
    async with serving(postbox, authenticator=logs_in, auth_require_tls=False) as port:
        assert await down(mailer(port, **with_login("wrong"))) == "the mail server refused the login (535)"
        found = await trouble(mailer(port, **with_login("wrong")))

    assert found == "refused the login (535). Check SMTP_USER and SMTP_PASSWORD."
    assert postbox.taken == []


async def test_a_server_that_wants_a_login_is_told() -> None:
    async with serving(Postbox({"MAIL": "530 authentication required"})) as port:
        assert await down(mailer(port)) == "the mail server answered 530"


async def test_a_server_without_logins_is_told() -> None:
    async with serving(Postbox(), auth_exclude_mechanism=["LOGIN", "PLAIN"]) as port:
        assert await down(mailer(port, **with_login())) == "the mail server offers no login"
        assert "Leave out SMTP_USER" in await trouble(mailer(port, **with_login()))


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [421, 450, 451, 452])
async def test_later_means_later(step: str, code: int) -> None:
    async with serving(Postbox({step: f"{code} not now, ana@example.com SeCrEt"})) as port:
        assert await down(mailer(port)) == f"the mail server answered {code}"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [550, 552, 554])
async def test_never_means_never(step: str, code: int) -> None:
    async with serving(Postbox({step: f"{code} no ana@example.com SeCrEt"})) as port:
        assert await refused(mailer(port)) == f"the mail server answered {code}"
        assert await mailer(port).check() is None


async def test_a_mail_that_was_taken_is_sent_whatever_happens_at_the_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "GOODBYE_WITHIN_S", 0.1)
    steps = [b"220 hi", b"250 me", b"250 from", b"250 to", b"354 go"]

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(*steps)(reader, writer)
        await reader.readuntil(b"\r\n.\r\n")
        await saying(b"250 taken")(reader, writer)
        await reader.read()

    for postbox in (Postbox({"QUIT": "554 SeCrEt"}), Postbox({"QUIT": "nothing like SMTP"})):
        async with serving(postbox) as port:
            await sent(mailer(port))
        assert len(postbox.taken) == 1
    async with answering(hangs) as port:
        await sent(mailer(port))


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_server_that_hangs_is_left(quick: None, security: str) -> None:
    async with answering(says_nothing) as port:
        assert await down(mailer(port, security=security)) == "the mail server does not answer in time"
        assert "Check SMTP_HOST, SMTP_PORT and SMTP_SECURITY." in await trouble(mailer(port, security=security))


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_a_server_that_hangs_in_the_middle_is_left(quick: None, steps: int) -> None:
    answers = [b"220 hi", b"250 me", b"250 from", b"250 to"][:steps]

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(*answers)(reader, writer)
        await reader.read()

    async with answering(hangs) as port:
        assert await down(mailer(port), text="long " * 500_000) == "the mail server does not answer in time"


async def test_a_server_that_hangs_in_the_handshake_is_left(quick: None) -> None:
    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(b"220 hi", b"250-me\r\n250 STARTTLS", b"220 go")(reader, writer)
        await reader.read()

    async with answering(hangs) as port:
        assert await down(mailer(port, security="starttls")) == "the mail server does not answer in time"


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_server_that_is_gone_is_told(security: str) -> None:
    gone = mailer(await nowhere(), security=security)

    assert await down(gone) == "the mail server cannot be reached"
    assert "whether this machine may reach it" in await trouble(gone)


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", "a..b"])
async def test_a_server_with_an_impossible_name_is_told(host: str) -> None:
    assert await down(mailer(25, host=host)) == "the mail server cannot be reached"


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5])
async def test_a_server_that_hangs_up_is_tried_again(steps: int) -> None:
    async with answering(saying(*[b"220 hi", b"250 me", b"250 from", b"250 to", b"354 go"][:steps])) as port:
        assert await down(mailer(port)) == "the mail server hung up"


@pytest.mark.parametrize(
    "lines, said",
    [
        ([b"421 SeCrEt is busy"], "the mail server answered 421"),
        ([b"554 SeCrEt is not for you"], "the mail server answered 554"),
        ([b"HTTP/1.1 400 SeCrEt"], "the mail server does not speak SMTP as expected"),
        ([b"220 hi", b"502 what is EHLO SeCrEt"], "the mail server answered 502"),
        ([b"220 hi", b"what"], "the mail server does not speak SMTP as expected"),
    ],
)
async def test_a_server_that_answers_otherwise_is_told(lines: list[bytes], said: str) -> None:
    async with answering(saying(*lines)) as port:
        assert await down(mailer(port)) == said
        assert (await trouble(mailer(port))).startswith(said.removeprefix("the mail server "))


@asynccontextmanager
async def relaying(begin: Begin, alone: AsyncEngine, team: str, mailer: Mailer) -> AsyncIterator[None]:
    """A relay that has a mail to send."""

    async def send_mail(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
        if message.workspace_id == team:  # others were left by other tests
            await sent(mailer)

    ids: dict[str, Any] = {
        "workspace_id": team,
        "bot_user_id": "U0BOT",
        "bot_id": "B0BOT",
        "url": "https://harbour.slack.com/",
    }
    doors: dict[str, Any] = {"begin": begin, "lightly": begin, "once": alone.connect}
    house = House(**ids, **doors, routes=Routes(), mailer=mailer, incident_channel=None, knows_channels=True)
    async with begin() as session:
        await outbox.add(session, outbox.row(Topic.CODE_ASKED, workspace_id=team, lane=f"mail:{team}"))
    houses = Houses(**doors, routes=Routes())
    houses.add(served(house, AsyncWebClient(), Pace()))
    relay = Relay(dict.fromkeys(Topic, send_mail), houses, asyncio.Event(), name=lambda: "one", own="one")
    running = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def becomes(begin: Begin, team: str, expected: list[tuple[str | None, bool]]) -> None:
    """Wait until these are the workspace's rows in the outbox: the last error, and whether it was given up."""
    rows = select(OutboxMessage.last_error, OutboxMessage.gave_up_at.is_not(None))
    async with asyncio.timeout(15):
        while True:
            async with begin() as session:
                found = await session.execute(rows.where(OutboxMessage.workspace_id == team))
                if [(error, is_given_up) for error, is_given_up in found] == expected:
                    return
            await asyncio.sleep(0.02)


async def test_a_mail_that_will_never_go_is_given_up_with_the_reason(
    begin: Begin, alone: AsyncEngine, team: str
) -> None:
    postbox = Postbox({"RCPT": "550 no ana@example.com here"})
    async with serving(postbox) as port, relaying(begin, alone, team, mailer(port)):
        await becomes(begin, team, [("the mail server answered 550", True)])


async def test_a_mail_that_cannot_go_now_is_sent_later(begin: Begin, alone: AsyncEngine, team: str) -> None:
    postbox = Postbox({"DATA": "451 not now, ana@example.com"})
    async with serving(postbox) as port, relaying(begin, alone, team, mailer(port)):
        await becomes(begin, team, [("the mail server answered 451", False)])

        postbox.answers.clear()

        await becomes(begin, team, [])
    assert len(postbox.taken) == 1
