"""What imports cannot show: who may call what, and that nothing was forgotten on the way from one file to another."""

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot import verbs
from bot.settings import Settings
from domain.outbox import Topic

ROOT = Path(__file__).parents[1]
TREES = {
    path.relative_to(ROOT): ast.parse(path.read_text("utf8"))
    for folder in ("bot", "domain", "sandbox", "migrations")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
API = {name for name in dir(AsyncWebClient) if re.fullmatch(r"[a-z]+_\w+", name)} | {"api_call"}
README = (ROOT / "README.md").read_text("utf8")

LONGEST_FILE = 280
LONGEST_FUNCTION = 45
LONGEST_SHORTCUT = 24

CHANNELS = {f"{kind}:read" for kind in ("channels", "groups", "im", "mpim")}
HISTORIES = {f"{kind}:history" for kind in ("channels", "groups", "im", "mpim")}
METHODS: dict[str, set[str]] = {  # any one of the scopes does; none: the token is enough
    "api_call": set(),  # bot.calling, bot.sync and bot.installing.client, on behalf of others
    "apps_connections_open": set(),
    "auth_revoke": set(),
    "auth_test": set(),
    "bots_info": {"users:read"},
    "chat_delete": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": HISTORIES,
    "conversations_info": CHANNELS,
    "conversations_join": {"channels:join"},
    "conversations_list": CHANNELS,
    "conversations_members": CHANNELS,
    "conversations_open": {"channels:manage", "groups:write", "im:write", "mpim:write"},
    "conversations_replies": HISTORIES,
    "files_completeUploadExternal": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "files_upload_v2": {"files:write"},
    "oauth_v2_access": set(),
    "team_info": {"team:read"},
    "users_conversations": CHANNELS,
    "users_info": {"users:read"},
    "users_list": {"users:read"},
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}
EVENTS: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "channel_archive": {"channels:read"},
    "channel_id_changed": set(),
    "channel_left": {"channels:read"},
    "channel_rename": {"channels:read"},
    "channel_unarchive": {"channels:read"},
    "group_archive": {"groups:read"},
    "group_left": {"groups:read"},
    "group_rename": {"groups:read"},
    "group_unarchive": {"groups:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "team_join": {"users:read"},
    "tokens_revoked": set(),
    "user_change": {"users:read"},
}

once_joined = pytest.mark.skipif(
    not (ROOT / "bot" / "app.py").exists(), reason="bot/app.py, which joins the features, is not there yet"
)


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each method that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, node.func.attr


def features(file: str) -> list[ModuleType]:
    """The modules of that name in the features' folders."""
    return [importlib.import_module(f"bot.{path.parent.name}.{path.stem}") for path in (ROOT / "bot").glob(f"*/{file}")]


def table(module: ModuleType, name: str) -> Any:
    found = getattr(module, name, None)
    assert found is not None, f"{module.__name__} has no {name}"
    return found


def routed(routes: object) -> set[str]:
    """Every key of every dict in a ROUTES table."""
    assert dataclasses.is_dataclass(routes), "ROUTES is no dataclass of dicts"
    values = [getattr(routes, field.name) for field in dataclasses.fields(routes)]
    return {key for value in values if isinstance(value, Mapping) for key in value if isinstance(key, str)}


def test_only_deliveries_and_what_mends_threads_write_to_slack() -> None:
    ours = ("bot/sync.py", "bot/looking.py", "bot/errors.py", "bot/calling.py", "bot/installing/client.py")
    may = {Path(name) for name in ours}
    assert [
        f"{path}:{line} calls {name}"
        for path, tree in TREES.items()
        if path.parts[0] == "bot" and path not in may and path.name != "deliveries.py"
        for line, name in calls(tree)
        if name in API and re.match("chat_|conversations_|files_|views_publish|api_call", name)
    ] == []


def test_listeners_call_slack_only_to_show_a_view() -> None:
    assert [
        f"{path}:{line} calls {name}"
        for path, tree in TREES.items()
        if path.name == "listeners.py"
        for line, name in calls(tree)
        if name in API - {"views_open", "views_update", "views_push"}
    ] == []


def test_nobody_commits_but_the_block_that_began() -> None:
    assert [
        f"{path}:{line}"
        for path, tree in TREES.items()
        if path.parts[0] in {"bot", "domain"}
        for line, name in calls(tree)
        if name == "commit"
    ] == []


@once_joined
def test_every_topic_of_the_outbox_has_one_delivery() -> None:
    topics = [topic for module in features("deliveries.py") for topic in table(module, "DELIVERIES")]

    assert sorted(topics) == sorted(Topic)


@once_joined
def test_every_action_and_form_has_a_listener() -> None:
    routes = {key for module in features("listeners.py") for key in routed(table(module, "ROUTES"))}
    ids = {
        f"{module.__name__}.{name}": value
        for module in [*features("views.py"), *features("forms.py")]
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value)
    }

    assert {name: value for name, value in ids.items() if value not in routes} == {}


@once_joined
def test_every_shortcut_of_the_manifest_has_a_listener_and_the_other_way_round() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf8"))
    offered = manifest["features"].get("shortcuts", [])

    assert {each["callback_id"] for each in offered} == set(importlib.import_module("bot.app").routes().shortcuts)
    assert [each["name"] for each in offered if len(each["name"]) > LONGEST_SHORTCUT] == []


@once_joined
def test_every_menu_that_searches_has_options_and_the_other_way_round() -> None:
    menus = {
        getattr(importlib.import_module(".".join(path.with_suffix("").parts)), node.args[0].id)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "external_select"
        if isinstance(node.args[0], ast.Name)
    }

    assert menus == set(importlib.import_module("bot.app").routes().options)


@once_joined
def test_every_verb_is_explained_in_help_and_in_the_readme() -> None:
    explained = table(importlib.import_module("bot.help.views"), "VERBS")
    routes = importlib.import_module("bot.app").routes()
    routed_verbs = {*routes.reads, *routes.writes} - {""}

    assert routed_verbs <= set(verbs.ALIASES)
    assert set(explained) == routed_verbs
    assert [verb for verb in sorted(routed_verbs) if not re.search(rf"`(/incident )?{re.escape(verb)}\b", README)] == []


@once_joined
@pytest.mark.parametrize("file", ["README.md", "docker-compose.yml"])
def test_every_setting_is_explained(file: str) -> None:
    text = (ROOT / file).read_text("utf8")

    assert [name for name in map(str.upper, Settings.model_fields) if not re.search(rf"\b{name}\b", text)] == []


@once_joined
def test_the_manifest_asks_for_the_scopes_that_are_used_and_no_other() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf8"))
    granted = set(manifest["oauth_config"]["scopes"]["bot"])
    called = {name for path, tree in TREES.items() if path.parts[0] == "bot" for _, name in calls(tree)} & API
    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert called - METHODS.keys() == set(), "add these methods and their scopes to METHODS"
    assert set(subscribed) - EVENTS.keys() == set(), "add these events and their scopes to EVENTS"

    needs = {name: METHODS[name] for name in called} | {name: EVENTS[name] for name in subscribed}
    assert {name: scopes for name, scopes in needs.items() if scopes and not scopes & granted} == {}

    used = set().union(*needs.values())
    if manifest["features"]["slash_commands"]:
        used.add("commands")
    if "users_info" in called or "user_change" in subscribed:
        used.add("users:read.email")  # without it, Slack's user objects come without the address
    assert granted - used == set()


def test_files_and_functions_can_be_read_in_one_go() -> None:
    files = [
        f"{path} has {count} lines"
        for path in TREES
        if (count := len((ROOT / path).read_text("utf8").splitlines())) > LONGEST_FILE
    ]
    functions = [
        f"{path}:{node.lineno} {node.name} has {count} lines"
        for path, tree in TREES.items()
        if "versions" not in path.parts  # a migration is a list of tables, made by alembic
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (count := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]

    assert files + functions == []
