"""docs/operations.md, SECURITY.md and README speak of what there is."""

import re

import pytest
from sqlalchemy.pool import QueuePool

from bot.__main__ import _parser
from domain import codes, db, deletion, early_replies, outbox
from tests.deployment.files import ROOT, read

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/operations.md"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf8")


def headings(text: str) -> set[str]:
    """Their addresses within a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    page = ROOT / name
    text = page.read_text("utf8")
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, part = target.partition("#")
        if "://" in path:
            continue
        file = (page.parent / path) if path else page
        if not file.exists() or (part and part not in headings(file.read_text("utf8"))):
            wrong.append(target)

    assert wrong == []


def test_each_picture_is_used() -> None:
    texts = "".join((ROOT / name).read_text("utf8") for name in DOCUMENTS)

    assert [path.name for path in (ROOT / "docs" / "pictures").iterdir() if f"pictures/{path.name}" not in texts] == []


def test_each_scope_has_its_reason() -> None:
    granted = read("manifest.yaml")["oauth_config"]["scopes"]["bot"]
    explained = re.findall(r"^\| `([a-z_.:]+)` \|", OPERATIONS, re.MULTILINE)

    assert sorted(each for each in explained if ":" in each or each == "commands") == sorted(granted)


def test_what_is_kept_for_how_long_is_said() -> None:
    kept = OPERATIONS.partition("## Retention and purge")[2].partition("\n## ")[0]

    assert f"{deletion.KEPT.days} days" in kept
    assert f"{codes.KEPT.days} days" in kept
    assert early_replies.KEPT.days == 1
    assert "a day" in kept


def test_commands_of_the_program_are_there() -> None:
    texts = "".join((ROOT / name).read_text("utf8") for name in DOCUMENTS)
    typed = re.findall(r"```sh\n(.*?)```", texts, re.DOTALL) + re.findall(r"`([^`\n]+)`", texts)
    used = set(re.findall(r"(?<!namespace )\bincident-tracker ([a-z]+)\b", "\n".join(typed)))
    known = set(re.findall(r"^    (\w+)", _parser().format_help(), re.MULTILINE))

    assert {"migrate", "export", "superuser", "doctor"} <= used
    assert used - known == set()


def test_files_that_are_named_are_there() -> None:
    named = set(re.findall(r"`((?:deploy|docs|bot|domain|migrations)/[\w./-]+)`", OPERATIONS))

    assert "deploy/database/purge.sql" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


async def test_the_number_of_connections_and_the_time_of_a_lease_are_said() -> None:
    engine = db.engine("postgresql+psycopg://nobody@127.0.0.1:9/none")
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    await engine.dispose()

    assert f"up to {pool.size() + db.ALONE} connections" in OPERATIONS
    assert f"{outbox.LEASE.seconds} s at the latest" in " ".join(OPERATIONS.split())
