"""Who makes a request, and for which workspace: what every router depends on.

A router takes ``caller: Caller``, opens a transaction with ``async with caller.begin() as session:`` and calls the
domain with ``by=caller.actor``. Whatever the domain raises becomes a problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Query, Request, Response
from fastapi.security import OAuth2PasswordBearer

from bot.api import jwts, problems
from bot.house import House
from domain import credentials, rates, tokens
from domain.credentials import Holder
from domain.db import Begin, Once
from domain.policy import Actor, Surface
from domain.rates import Limit

LIMIT: Final = Limit(most=300, seconds=60)
"""Requests of one token or one logged-in person."""
_WAIT: Final = "Too many tries. Wait as long as the header Retry-After says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What the API serves.

    Args:
        secret_key: signs what logins get.
        house_of: the house of a workspace, if this process serves that.
        begin, once: as a house's, for what is done before anybody is known.
    """

    secret_key: str
    house_of: Callable[[str], House | None]
    begin: Begin
    once: Once


@dataclass(frozen=True, slots=True)
class Asking:
    """Whoever makes this request."""

    actor: Actor
    house: House

    @property
    def begin(self) -> Begin:
        """Opens a transaction."""
        return self.house.begin


_BEARER = OAuth2PasswordBearer(
    tokenUrl="login/access-token",
    auto_error=False,
    description="What a login gives, good for eight days, or a token that `/incident token` gave in Slack.",
)


def estate_of(request: Request) -> Estate:
    """What the API serves."""
    found: Estate = request.state.estate
    return found


def house_of(request: Request, workspace_id: str) -> House | None:
    """The house of a workspace; None if this process does not serve it."""
    return estate_of(request).house_of(workspace_id)


async def _caller(request: Request, response: Response, bearer: Annotated[str | None, Depends(_BEARER)]) -> Asking:
    if not bearer:
        raise problems.unauthorized(
            "Say who you are: the header Authorization with Bearer and a token. POST /api/v1/login/access-token gives "
            "one, and so does /incident token in Slack."
        )
    estate = estate_of(request)
    async with estate.once() as alone:
        holder = await _holder(alone, bearer, estate)
        if holder is None:
            raise problems.unauthorized("This token is not good, or not any more. Log in again, or make another one.")
        house = estate.house_of(holder.actor.workspace_id)
        if house is None:
            raise problems.unauthorized("This token is for a workspace that is not served here.")
        used = await rates.count(alone, holder.key, LIMIT)
    request.state.rate = headers = _rate(used)
    response.headers.update(headers)
    if used.is_over:
        words = f"Nothing was changed: {LIMIT.most} requests a minute are the most."
        raise problems.too_many(words, wait_s=used.reset_s)
    return Asking(holder.actor.at(channel_id=None, surface=Surface.API), house)


@dataclass(frozen=True, slots=True)
class Strangers:
    """What somebody says who is not known yet: the id of their workspace, where there are several."""

    workspace: Annotated[str | None, Query(min_length=1, max_length=40)] = None


async def counted(request: Request, *kinds: tuple[str, Limit, str]) -> None:
    """Count somebody who is not known yet.

    What comes after a limit that is used up is not counted: one place cannot use up everybody's.

    Args:
        kinds: what is counted, how often it may be, and about whom it is, where that is not who asks: an address,
            whether or not anybody has it.

    Raises:
        Problem: too often.
    """
    here = rates.place(request.client.host if request.client else "")
    async with estate_of(request).once() as alone:
        for kind, most, whom in kinds:
            used = await rates.count(alone, rates.unnamed(kind, whom or here), most)
            if used.is_over:
                raise problems.too_many(_WAIT, wait_s=used.reset_s)


async def counted_by(caller: Asking, kind: str, limit: Limit) -> None:
    """Count what somebody may not do as often as the rest."""
    async with caller.house.once() as alone:
        used = await rates.count(alone, f"{kind}:{caller.actor.id}", limit)
    if used.is_over:
        raise problems.too_many(_WAIT, wait_s=used.reset_s)


async def _holder(alone: rates.Connection, bearer: str, estate: Estate) -> Holder | None:
    if tokens.is_one(bearer):
        return await tokens.holder(alone, bearer)
    claims = jwts.read(bearer, estate.secret_key)
    return None if claims is None else await credentials.holder(alone, claims)


def _rate(used: rates.Used) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(LIMIT.most),
        "RateLimit-Remaining": str(max(LIMIT.most - used.hits, 0)),
        "RateLimit-Reset": str(used.reset_s),
    }


Caller: TypeAlias = Annotated[Asking, Depends(_caller)]
"""The parameter of an endpoint that only known people may use."""
