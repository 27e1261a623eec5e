"""The benchmark works: its smallest run, without a look at how fast anything was."""

import sys

import pytest

from bench import __main__ as program
from bench import acking, find, workshop
from bench.figures import Line, table
from bench.payloads import BUTTON, MODAL, REPLY


def test_a_table_says_whether_a_target_is_met() -> None:
    lines = [
        Line(case="fast", value=2, unit="ms", bound=3),
        Line(case="slow", value=4, unit="ms", bound=3),
        Line(case="left out", value=None, note="no database"),
    ]

    said = table("Acks", lines).splitlines()

    assert [line.is_met for line in lines] == [True, False, None]
    assert "yes" in said[2]
    assert "NO" in said[3]
    assert "not measured" in said[4]


async def test_every_request_that_the_bot_acked_is_in_the_database(server_url: str) -> None:
    async with workshop.workshop(server_url, cards=8) as shop, acking.served(shop) as (ours, plain):
        for kind in (BUTTON, MODAL, REPLY):
            before = shop.done(kind)
            found = await acking.pair(shop, ours, plain, lambda kind=kind: shop.payloads.made(kind), 1, 0.05)  # type: ignore[misc]

            assert found.ours.errors == found.plain.errors == 0
            assert shop.done(kind) - before == len(found.ours.took_ms) == 6


async def test_lists_and_searches_are_told_with_their_plans(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.measuring.TIMES", 1)

    lines = await find.measured(server_url, sizes=(20, 40), tries=1)

    assert {"list, first page: 40 ÷ 20 incidents", "digest: 40 ÷ 20 incidents"} <= {line.case for line in lines}
    assert all(line.plan for line in lines if "÷ 20 incidents" in line.case)


def test_a_part_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "speed"])

    with pytest.raises(SystemExit):
        program.main()

    assert "no such part: speed" in capsys.readouterr().err
