"""Mails about accounts. A code is made when it is sent, and kept nowhere but in the mail."""

from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot.accounts import letters
from bot.house import House
from bot.relay import Delivery
from domain import accounts, codes, hashing
from domain.outbox import Outgoing, Topic


async def send_code(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """To the address, if there is anybody to send it to; each try sends another code.

    The same is done for every address, whether or not a mail is sent in the end.
    """
    code_id = UUID(message.payload["code"])
    async with house.begin() as session:
        letter = await codes.letter(session, code_id)
    if letter is None:
        return
    code = codes.made()
    hashed = await hashing.hashed(code)
    async with house.begin() as session:
        await codes.keep(session, code_id, hashed)
    if house.mailer is not None and letter.is_wanted:
        await house.mailer.send(to=letter.address, **letters.code(letter, code)._asdict())


async def tell_former(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """To the address that an account had before."""
    async with house.begin() as session:
        former = await accounts.former(session, UUID(message.payload["code"]))
    if house.mailer is not None and former is not None:
        mail = letters.address_changed(former.name, former.workspace_url)
        await house.mailer.send(to=former.address, **mail._asdict())


DELIVERIES: dict[Topic, Delivery] = {Topic.CODE_ASKED: send_code, Topic.ADDRESS_CHANGED: tell_former}
