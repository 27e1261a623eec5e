"""Mails with a token that sets a password. It is made when it is sent, and kept nowhere but in the mail."""

from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from bot.house import House
from bot.relay import Delivery
from bot.tokens import letters
from domain import credentials
from domain.outbox import Outgoing, Topic


async def send_token(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """To the address, if there is anybody to send it to; each try sends another token."""
    code_id = UUID(message.payload["code"])
    token = credentials.made()
    async with house.begin() as session:
        letter = await credentials.letter(session, code_id)
        if letter is None:
            return
        await credentials.keep(session, code_id, token)
    if house.mailer is not None and letter.is_wanted:
        await house.mailer.send(to=letter.address, **letters.password(letter, token)._asdict())


DELIVERIES: dict[Topic, Delivery] = {Topic.PASSWORD_ASKED: send_token}
