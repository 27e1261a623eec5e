"""One-time codes: what is sent, what counts as a try, and that nobody learns whether an address is known."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import codes, db, hashing, signup
from domain.codes import Code, Proof, Purpose
from domain.db import Begin
from domain.errors import Conflict, Forbidden, InvalidInput
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor, Standing
from tests.conftest import both, member

Ask: TypeAlias = Callable[..., Awaitable[tuple[UUID, str]]]


@pytest.fixture
def sent(begin: Begin) -> Ask:
    """A code that was asked for and mailed."""

    async def ask(by: Actor, address: str = "ana@example.com", purpose: Purpose = Purpose.LINK) -> tuple[UUID, str]:
        async with begin() as session:
            request_id = await codes.ask(session, purpose, address, by=by)
        code = codes.made()
        async with begin() as session:
            await codes.keep(session, request_id, await hashing.hashed(code))
        return request_id, code

    return ask


async def entered(begin: Begin, request_id: UUID, code: str, *, by: Actor, purpose: Purpose = Purpose.LINK) -> Proof:
    """As the bot does it: the try counts first."""
    async with begin() as session:
        tried = await codes.count_try(session, purpose, request_id, by=by)
    found = await hashing.matching(codes.read(code), tried.hashes)
    async with begin() as session:
        return await codes.use(session, tried, found)


async def test_a_code_is_eight_letters_and_digits_of_which_none_looks_like_another() -> None:
    made = {codes.made() for _ in range(200)}

    assert len(made) == 200
    assert all(re.fullmatch(r"[A-Z0-9]{8}", code) for code in made)
    assert not set("".join(made)) & set("0O1IL5S2Z8BUV") - set("258")


@pytest.mark.parametrize(
    "typed", ["acde 2345", " ACDE-2345 ", "ACDE2345", "ａｃｄｅ２３４５", "AСDЕ 2345", "ACDE Z34S", "A C D E 2 3 4 5"]
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert codes.read(typed) == "ACDE2345"


def test_what_is_no_code_at_all_is_read_without_harm() -> None:
    assert codes.read("") == ""
    assert codes.read("💥" * 10_000) == ""
    assert len(codes.read("A" * 10_000)) <= 100


async def test_a_right_code_proves_the_address_once(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana, " Ana@Example.COM ")

    proof = await entered(begin, request_id, code.lower(), by=ana)

    assert proof.address == "ana@example.com"
    with pytest.raises(Conflict, match="cannot be used any more"):
        await entered(begin, request_id, code, by=ana)


async def test_two_uses_at_the_same_moment_are_one(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana)

    outcomes = await both(entered(begin, request_id, code, by=ana), entered(begin, request_id, code, by=ana))

    assert len([outcome for outcome in outcomes if isinstance(outcome, Proof)]) == 1
    assert [outcome for outcome in outcomes if isinstance(outcome, InvalidInput | Conflict)]


async def test_five_wrong_tries_end_a_code(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana)
    for _ in range(5):
        with pytest.raises(InvalidInput, match="not the code"):
            await entered(begin, request_id, "ACDE2345", by=ana)

    with pytest.raises(Conflict, match="tried five times"):
        await entered(begin, request_id, code, by=ana)


async def test_a_code_is_good_for_ten_minutes(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana)
    async with begin() as session:
        late = Code.valid_until - timedelta(minutes=10, seconds=1)
        await session.execute(update(Code).where(Code.id == request_id).values(valid_until=late))

    with pytest.raises(InvalidInput, match="older than ten minutes"):
        await entered(begin, request_id, code, by=ana)


async def test_the_ten_minutes_begin_when_the_mail_goes_out(begin: Begin, ana: Actor) -> None:
    async with begin() as session:
        request_id = await codes.ask(session, Purpose.LINK, "ana@example.com", by=ana)
        await session.execute(
            update(Code).where(Code.id == request_id).values(created_at=db.now() - timedelta(hours=3))
        )
    code = codes.made()
    async with begin() as session:
        await codes.keep(session, request_id, await hashing.hashed(code))

    assert (await entered(begin, request_id, code, by=ana)).address == "ana@example.com"


async def test_a_second_mail_makes_the_first_code_worthless(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, first = await sent(ana)
    second = codes.made()
    async with begin() as session:
        await codes.keep(session, request_id, await hashing.hashed(second))

    with pytest.raises(InvalidInput):
        await entered(begin, request_id, first, by=ana)
    await entered(begin, request_id, second, by=ana)


async def test_a_code_is_worth_nothing_to_another_person_workspace_or_purpose(
    begin: Begin, ana: Actor, ben: Actor, sent: Ask
) -> None:
    request_id, code = await sent(ana)
    elsewhere = await other_workspace(begin)

    for by, purpose in [(ben, Purpose.LINK), (elsewhere, Purpose.LINK), (ana, Purpose.RECOVER), (ana, Purpose.ADDRESS)]:
        with pytest.raises(Conflict):
            await entered(begin, request_id, code, by=by, purpose=purpose)
    with pytest.raises(Conflict):
        await entered(begin, uuid4(), code, by=ana)
    await entered(begin, request_id, code, by=ana)


async def other_workspace(begin: Begin) -> Actor:
    from domain import workspaces

    team = f"T{uuid4().hex[:8].upper()}"
    async with begin() as session:
        await workspaces.ensure(session, team, url="https://other.slack.com/")
    return await member(begin, team, "Ana")


async def test_three_codes_an_hour_are_the_most_for_a_person(begin: Begin, ana: Actor, sent: Ask) -> None:
    for number in range(3):
        await sent(ana, f"ana{number}@example.com")

    with pytest.raises(InvalidInput, match="three an hour are the most") as refused:
        await sent(ana, "ana9@example.com")

    assert refused.value.field == "email"
    async with begin() as session:
        await session.execute(update(Code).values(created_at=Code.created_at - timedelta(minutes=61)))
    await sent(ana, "ana9@example.com")


async def test_three_codes_an_hour_are_the_most_for_an_address_whoever_asks(
    begin: Begin, team: str, ana: Actor, ben: Actor, sent: Ask
) -> None:
    for by in (ana, ben, await member(begin, team, "Chloe")):
        await sent(by, "boss@example.com")

    with pytest.raises(InvalidInput, match="three an hour"):
        await sent(await member(begin, team, "Dmitri"), "BOSS@example.com")


async def test_requests_at_the_same_moment_do_not_get_round_the_limit(begin: Begin, ana: Actor, sent: Ask) -> None:
    import asyncio

    outcomes = await asyncio.gather(*(sent(ana) for _ in range(6)), return_exceptions=True)

    assert len([outcome for outcome in outcomes if not isinstance(outcome, BaseException)]) == 3


async def test_asking_does_the_same_for_a_known_and_an_unknown_address(
    engine: AsyncEngine, begin: Begin, ana: Actor, ben: Actor
) -> None:
    async def statements(address: str, by: Actor) -> list[str]:
        async with traced(engine) as seen:
            async with begin() as session:
                request_id = await codes.ask(session, Purpose.RECOVER, address, by=by)
            async with begin() as session:
                assert await codes.letter(session, request_id)
            async with begin() as session:
                await codes.keep(session, request_id, "hash")
            async with begin() as session:
                tried = await codes.count_try(session, Purpose.RECOVER, request_id, by=by)
            assert len(tried.hashes) == 2
        return seen

    assert await statements("ana@example.com", ben) == await statements("nobody@example.com", ben)


@asynccontextmanager
async def traced(engine: AsyncEngine) -> AsyncIterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def test_a_code_for_an_unknown_address_is_made_and_sent_to_nobody(begin: Begin, ana: Actor) -> None:
    wanted = {
        ("ben@example.com", Purpose.LINK): False,
        ("ana@example.com", Purpose.LINK): True,
        ("ANA@example.com", Purpose.ADDRESS): False,
    }
    for (address, purpose), is_wanted in wanted.items():
        async with begin() as session:
            letter = await codes.letter(session, await codes.ask(session, purpose, address, by=ana))
        assert letter is not None
        assert (letter.is_wanted, letter.asked_by, letter.slack_user_id) == (is_wanted, "Ana", "U0ANA")
        assert letter.workspace_url == "https://harbour.slack.com/"


async def test_a_used_code_is_not_mailed_again(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana)
    await entered(begin, request_id, code, by=ana)

    async with begin() as session:
        assert await codes.letter(session, request_id) is None


async def test_neither_code_nor_address_is_in_the_outbox(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, code = await sent(ana)

    async with begin() as session:
        rows = list(await session.scalars(select(OutboxMessage).where(OutboxMessage.workspace_id == ana.workspace_id)))
        stored = (
            await session.execute(text("SELECT code::text FROM code WHERE id = :id"), {"id": request_id})
        ).scalar()
    assert [(row.topic, row.payload) for row in rows] == [(Topic.CODE_ASKED, {"code": str(request_id)})]
    assert code not in str(stored)
    assert "$argon2id$" in str(stored)


async def test_a_printed_code_links_whoever_enters_it_with_its_address(begin: Begin, team: str, ana: Actor) -> None:
    code = codes.made()
    async with begin() as session:
        await codes.print_(session, team, "Boss@example.com", await hashing.hashed(code))
        request_id = await codes.ask(session, Purpose.LINK, "boss@example.com", by=ana)
        other = await codes.ask(session, Purpose.LINK, "other@example.com", by=ana)

    with pytest.raises(InvalidInput):
        await entered(begin, other, code, by=ana)
    assert (await entered(begin, request_id, code, by=ana)).address == "boss@example.com"
    with pytest.raises(Conflict):
        await entered(begin, request_id, code, by=ana)


async def test_a_printed_code_is_used_once_and_does_not_recover(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    code = codes.made()
    async with begin() as session:
        await codes.print_(session, team, "boss@example.com", await hashing.hashed(code))
        mine = await codes.ask(session, Purpose.LINK, "boss@example.com", by=ana)
        bens = await codes.ask(session, Purpose.LINK, "boss@example.com", by=ben)
        recovery = await codes.ask(session, Purpose.RECOVER, "boss@example.com", by=ben)

    with pytest.raises(InvalidInput):
        await entered(begin, recovery, code, by=ben, purpose=Purpose.RECOVER)
    await entered(begin, mine, code, by=ana)
    with pytest.raises(InvalidInput):
        await entered(begin, bens, code, by=ben)


@pytest.mark.parametrize(
    "address",
    ["", " ", "ana", "ana@", "@example.com", "a@b\r\nBcc: eve@example.com", "ana@example.com, ben@example.com",
     "x" * 10_000 + "@example.com", "ana@exa mple.com", "ana@example..com", "<ana@example.com>", "ana@[127.0.0.1]"],
)  # fmt: skip
async def test_what_is_no_address_is_refused_on_its_field(begin: Begin, ana: Actor, address: str) -> None:
    with pytest.raises(InvalidInput, match="no e-mail address") as refused:
        async with begin() as session:
            await codes.ask(session, Purpose.LINK, address, by=ana)

    assert refused.value.field == "email"


@pytest.mark.parametrize(
    "typed, kept",
    [
        ('"ana lee"@example.com', '"ana lee"@example.com'),
        ("o'brien+slack@sub.example.co.uk", "o'brien+slack@sub.example.co.uk"),
        ("Björn@MÜNCHEN.example", "björn@münchen.example"),
        ("root@mail.internal.local", "root@mail.internal.local"),
        ("mailto:ana@example.com", "ana@example.com"),
    ],
)
async def test_odd_but_valid_addresses_are_taken(begin: Begin, ana: Actor, typed: str, kept: str) -> None:
    async with begin() as session:
        letter = await codes.letter(session, await codes.ask(session, Purpose.LINK, typed, by=ana))

    assert letter is not None
    assert letter.address == kept


async def test_only_full_members_who_were_not_shut_out_get_codes(begin: Begin, ana: Actor, gus: Actor) -> None:
    from dataclasses import replace

    for by in (gus, replace(ana, is_active=False), replace(ana, standing=Standing.EXTERNAL)):
        with pytest.raises(Forbidden):
            async with begin() as session:
                await codes.ask(session, Purpose.LINK, "ana@example.com", by=by)


async def test_a_person_without_an_account_may_link_one_but_has_none_to_change(begin: Begin, team: str) -> None:
    async with begin() as session:
        await signup.set_rule(session, team, signup.SignUp.CLOSED)
    nora = await member(begin, team, "Nora")

    async with begin() as session:
        await codes.ask(session, Purpose.LINK, "nora@example.com", by=nora)
    with pytest.raises(Forbidden, match="You have no account here"):
        async with begin() as session:
            await codes.ask(session, Purpose.ADDRESS, "nora@example.com", by=nora)


async def test_old_requests_are_forgotten(begin: Begin, ana: Actor, sent: Ask) -> None:
    request_id, _ = await sent(ana)
    async with begin() as session:
        await session.execute(update(Code).values(created_at=Code.created_at - timedelta(days=8)))
    await sent(ana)

    async with begin() as session:
        assert await session.get(Code, request_id) is None


async def test_hashes_with_other_parameters_are_known_as_outdated() -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8_192).hash("secret")

    assert await hashing.matching("secret", [None, old]) == 1
    assert await hashing.matching("Secret", [old, "no hash"]) is None
    assert hashing.is_outdated(old)
    assert not hashing.is_outdated(await hashing.hashed("secret"))
