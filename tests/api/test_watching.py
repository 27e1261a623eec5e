"""What whoever runs the bot sees of what programs ask."""

import asyncio
import logging
import re

import pytest
from sqlalchemy import text

from tests.api.conftest import Api
from tests.end_to_end.test_metrics import measured, requests

OUTCOMES = ("served", "refused", "failed")


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    """What was logged about this."""
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in told if line.get("event") == event]


async def test_requests_of_programs_are_counted_by_what_became_of_them(api: Api) -> None:
    program = await api.as_("ana")
    before = await measured(api.url)

    assert (await program.get("/incidents")).status_code == 200
    assert (await program.get("/incidents/99")).status_code == 404
    async with api.workspace.engine.begin() as holding:
        await holding.execute(text("LOCK TABLE incident IN ACCESS EXCLUSIVE MODE"))
        assert (await program.get("/incidents")).status_code == 503

    after = await measured(api.url)
    grown = {outcome: after[requests("api", outcome)] - before.get(requests("api", outcome), 0) for outcome in OUTCOMES}
    assert grown == {"served": 1, "refused": 1, "failed": 1}


async def test_each_request_has_an_id_in_its_answer_and_in_its_lines_of_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    program, plain = await api.as_("ana"), "abc-123_X.9"
    given = ["", plain, "two words", "x" * 65, 'a"b', "é"]
    headers = [{b"X-Request-Id": each.encode()} if each else {} for each in given]

    with caplog.at_level(logging.WARNING):
        async with api.workspace.engine.begin() as holding:
            await holding.execute(text("LOCK TABLE incident IN ACCESS EXCLUSIVE MODE"))
            answers = await asyncio.gather(*(program.get("/incidents", headers=each) for each in headers))

    told = [answer.headers["X-Request-Id"] for answer in answers]
    assert {line["request"] for line in lines(caplog, "api_without_database")} == set(told)
    assert told.pop(given.index(plain)) == plain
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in told)


async def test_two_requests_have_two_ids(api: Api) -> None:
    assert len({(await api.nobody.get("/incidents")).headers["X-Request-Id"] for _ in range(2)}) == 2
