"""Logging in with a password, and getting one by mail."""

from typing import Annotated, Final, TypeAlias
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from bot.api import jwts, problems
from bot.api.callers import Caller, Estate, Strangers, counted, estate_of
from bot.api.people import Me, Password, me_of
from bot.api.shapes import In, Out, storable
from domain import addresses, credentials, hashing
from domain.credentials import Login, Purpose
from domain.errors import Forbidden, InvalidInput
from domain.rates import Limit
from domain.workspaces import Workspace

TRIES: Final = Limit(most=30, seconds=600)
"""Of logging in, from one address of the network."""
TRIES_AT_ONE: Final = Limit(most=10, seconds=600)
"""Of logging in to one account, from anywhere."""
MAILS: Final = Limit(most=20, seconds=3600)
MAILS_TO_ONE: Final = Limit(most=3, seconds=3600)
MOST_PLACES: Final = 5
"""Workspaces in which an address is looked for at once; each costs rows, whether or not somebody has it there."""

router = APIRouter(tags=["login"], responses=problems.documented(422, 429, 503))


def _address(written: str) -> str:
    try:
        return addresses.clean(storable(written))
    except InvalidInput as error:
        raise ValueError(str(error)) from None


_MAIL: Final = Field(min_length=3, max_length=addresses.LONGEST, json_schema_extra={"format": "email"})
Address: TypeAlias = Annotated[str, _MAIL, AfterValidator(_address)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=addresses.LONGEST), AfterValidator(storable)]
Place = Annotated[str | None, Field(min_length=1, max_length=40, description="Of the workspace, if there are several.")]


class Credentials(BaseModel):
    """The form of OAuth2's password grant; ``client_id`` is the workspace's id, where there are several."""

    model_config = ConfigDict(extra="ignore")

    grant_type: Annotated[str, Field(pattern="^password$")] = "password"
    username: Name
    password: Annotated[str, Field(min_length=1, max_length=1_000)]
    scope: Annotated[str, Field(max_length=1_000)] = ""
    client_id: Annotated[str | None, Field(max_length=1_000)] = None
    client_secret: Annotated[str | None, Field(max_length=1_000)] = None


_FORM: Final = {
    "required": True,
    "content": {"application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Credentials"}}},
}


class AccessToken(Out):
    """Good for eight days, or until the password changes."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - as OAuth2 calls it
    expires_in: int = int(jwts.GOOD_FOR.total_seconds())


class Told(Out):
    """The same for every address."""

    detail: str


class NewPassword(In):
    """The token from the mail, and the password that is to be."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    new_password: Password


class SignUp(In):
    """Who wants an account: a member of the Slack workspace, by the address that Slack knows."""

    email: Address
    workspace: Place = None


async def _form(request: Request) -> Credentials:
    """The form, read here: FastAPI would need another package for it."""
    try:
        said = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise problems.Problem(400, problems.NOT_READ) from None
    try:
        return Credentials(**{name: value for name, value in said if value and name in Credentials.model_fields})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


@router.post("/login/access-token", responses=problems.documented(400, 401, 403), openapi_extra={"requestBody": _FORM})
async def login(form: Annotated[Credentials, Depends(_form)], request: Request) -> AccessToken:
    """Give your e-mail address as ``username``. Set a password first: POST /password-recovery/{email}."""
    estate = estate_of(request)
    name = form.username.strip().lower()
    await counted(request, ("login", TRIES, ""), ("login-to", TRIES_AT_ONE, name))
    places = await _served(estate, form.client_id)
    async with estate.begin() as session:
        found = (await credentials.logins(session, form.username, places))[: len(places)]
    unknown = max(min(len(places), 3) - len(found), 0 if found else 1)
    right = await hashing.matching(form.password, [login.hashed for login in found] + [None] * unknown)
    if right is None:
        raise problems.unauthorized("Not logged in: the address or the password is wrong.")
    await _entered(estate, found[right], form.password)
    return AccessToken(access_token=jwts.made(found[right].claims, estate.secret_key))


@router.post("/login/test-token", responses=problems.documented(401, 403))
async def test_token(caller: Caller) -> Me:
    """Whose token this is."""
    async with caller.begin() as session:
        return await me_of(session, caller.actor)


@router.post("/password-recovery/{email}", status_code=202)
async def recover_password(
    email: Annotated[Address, Path()], request: Request, asking: Annotated[Strangers, Depends()]
) -> Told:
    """Have a token mailed with which a password can be set; the answer is the same for every address."""
    estate = estate_of(request)
    await counted(request, ("mail", MAILS, ""), ("mail-to", MAILS_TO_ONE, email))
    places = _few(await _served(estate, asking.workspace))
    if places:
        async with estate.begin() as session:
            await credentials.ask(session, Purpose.RESET, email, places)
    return Told(detail="If an account has this address, a mail with a token is on its way to it.")


@router.post("/users/signup", status_code=202, tags=["users"], responses=problems.documented(403))
async def sign_up(new: SignUp, request: Request) -> Told:
    """Have a token mailed with which a password is set, which makes the account; as the rule for sign-up has it."""
    estate = estate_of(request)
    await counted(request, ("mail", MAILS, ""), ("mail-to", MAILS_TO_ONE, new.email))
    async with estate.begin() as session:
        places = await credentials.open_to_sign_up(session, _few(await _served(estate, new.workspace)))
        if not places:
            raise Forbidden("Nobody new gets an account here. Ask a superuser.")
        await credentials.ask(session, Purpose.SIGN_UP, new.email, places)
    return Told(detail="If a member of the workspace has this address, a mail with a token is on its way to it.")


@router.post("/reset-password/", responses=problems.documented(403, 409))
async def reset_password(new: NewPassword, request: Request) -> Told:
    """Set the password with the token from the mail; all logins of the account are ended."""
    await counted(request, ("reset", TRIES, ""))
    hashed = await hashing.hashed(new.new_password)
    async with estate_of(request).begin() as session:
        await credentials.set_password(session, new.token, hashed)
    return Told(detail="Saved. Log in with the new password.")


async def _served(estate: Estate, wanted: str | None) -> list[str]:
    """The workspaces that this process serves, or the one of them that is named."""
    async with estate.begin() as session:
        known = list(await session.scalars(select(Workspace.id).order_by(Workspace.id)))
    return [each for each in known if estate.house_of(each) and wanted in (None, "", each)]


def _few(places: list[str]) -> list[str]:
    if len(places) > MOST_PLACES:
        words = "Say which workspace: its id begins with T."
        errors = [{"field": "workspace", "detail": words}]
        raise problems.Problem(422, f"Nothing was sent: many workspaces are served here. {words}", errors=errors)
    return places


async def _entered(estate: Estate, login: Login, password: str) -> None:
    async with estate.begin() as session:
        await credentials.enter(session, login.claims.account_id)
    if login.hashed and hashing.is_outdated(login.hashed):
        new = await hashing.hashed(password)
        async with estate.begin() as session:
            await credentials.rehash(session, login.claims.account_id, old=login.hashed, new=new)
