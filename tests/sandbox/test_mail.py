"""The local workspace's mail server: it keeps what the app hands over, and fails on demand."""

from email.message import EmailMessage

import pytest
from aiosmtplib import SMTPDataError, SMTPException, send

from sandbox.server import Sandbox
from tests.sandbox.conftest import Json, Person


async def mailed(
    box: Sandbox, subject: str = "Hello", text: str = "How are you?\n", to: str = "ana@example.com"
) -> None:
    """A mail as any program would send it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Bot <bot@example.com>", "ana@example.com", subject
    message.set_content(text)
    await send(message, hostname=box.mail_host, port=box.mail_port, timeout=3)


async def mails(ana: Person) -> list[Json]:
    found: list[Json] = (await ana.reads("state"))["mails"]
    return found


async def test_a_mail_is_kept_and_shown(box: Sandbox, ana: Person) -> None:
    await mailed(box, "Grüße <b>", "Zeile 1\nZeile 2 · 😀\n")

    (mail,) = await mails(ana)
    assert (mail["from"], mail["to"], mail["subject"]) == ("bot@example.com", ["ana@example.com"], "Grüße <b>")
    assert mail["text"] == "Zeile 1\nZeile 2 · 😀\n"
    assert mail["at"] > 0


async def test_mails_are_in_the_order_in_which_they_came_and_gone_after_a_reset(box: Sandbox, ana: Person) -> None:
    for subject in ("one", "two", "three"):
        await mailed(box, subject)
    assert [mail["subject"] for mail in await mails(ana)] == ["one", "two", "three"]

    await ana.does("reset")
    assert await mails(ana) == []


async def test_only_the_last_two_hundred_mails_are_kept(box: Sandbox, ana: Person) -> None:
    for number in range(203):
        await mailed(box, str(number))

    kept = [mail["subject"] for mail in await mails(ana)]
    assert (len(kept), kept[0], kept[-1]) == (200, "3", "202")


async def test_a_mail_that_is_too_large_is_refused(box: Sandbox, ana: Person) -> None:
    with pytest.raises(SMTPException):
        await mailed(box, text="x" * 1_100_000)

    assert await mails(ana) == []


async def test_the_mail_server_refuses_on_demand(box: Sandbox, ana: Person) -> None:
    await ana.posts("faults", [{"event": "mail", "kind": "error:451", "times": 1}])

    with pytest.raises(SMTPDataError) as refused:
        await mailed(box)
    await mailed(box)

    assert refused.value.code == 451
    assert len(await mails(ana)) == 1


@pytest.mark.parametrize("kind", ["timeout", "connection_reset"])
async def test_the_mail_server_hangs_or_hangs_up_on_demand(box: Sandbox, ana: Person, kind: str) -> None:
    await ana.posts("faults", [{"event": "mail", "kind": kind, "times": 1}])

    with pytest.raises((SMTPException, OSError)):
        await mailed(box)

    assert await mails(ana) == []


async def test_a_fault_that_mails_cannot_have_is_refused(ana: Person) -> None:
    status, answer = await ana.posts("faults", [{"event": "mail", "kind": "ratelimited"}])

    assert status == 400
    assert "there is no fault" in answer["error"]
