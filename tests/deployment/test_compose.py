"""``docker compose up``: the bot and its database; the rest by name, and nothing with more rights than it needs."""

import re
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url

from bot import http
from bot.settings import Settings
from domain import outbox
from tests.deployment.files import bot_environment, compose, filled, health_check, read, seconds, the

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
SECRETS = {"SLACK_BOT_TOKEN": "xoxb-1", "POSTGRES_PASSWORD": "secret"}
LONGEST_CALLS_S = 30
"""A card's call and the look for it, each of which may take ten seconds, with some reserve."""


def test_alone_it_starts_the_bot_and_its_database() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"bot", "database"}
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        "traefik": ["tls"], "adminer": ["admin"], "mailpit": ["mail"],
    }  # fmt: skip


def test_the_bot_gets_the_settings_that_it_knows_and_all_of_them() -> None:
    assert set(SERVICES["bot"]["environment"]) == set(map(str.upper, Settings.model_fields))


def test_what_cannot_be_guessed_is_asked_for() -> None:
    for name in SECRETS:
        given = {other: value for other, value in SECRETS.items() if other != name}
        texts = [str(value) for service in SERVICES.values() for value in service.get("environment", {}).values()]
        with pytest.raises(KeyError, match=name):
            [filled(text, given) for text in texts]


def test_what_is_left_out_is_as_the_program_would_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(given: dict[str, str]) -> Settings:
        for name in map(str.upper, Settings.model_fields):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return Settings(_env_file=None)  # type: ignore[call-arg]

    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    by_compose = chosen(bot_environment({**SECRETS, **tokens}))
    own = {"host": "0.0.0.0", "port": 3000, "log_format": "json", "database_url": by_compose.database_url}  # noqa: S104

    own["trusted_proxies"] = by_compose.trusted_proxies

    assert by_compose.model_dump() == {**chosen(tokens).model_dump(), **own}


def test_nobody_but_traefik_s_own_network_says_where_a_request_comes_from() -> None:
    [subnet] = [each["subnet"] for each in compose()["networks"]["default"]["ipam"]["config"]]

    assert bot_environment(SECRETS)["TRUSTED_PROXIES"] == subnet
    assert ip_network(subnet).num_addresses <= 256
    assert "default" in SERVICES["traefik"]["networks"]
    assert "default" not in SERVICES["database"]["networks"]


def test_the_bot_reaches_its_own_database() -> None:
    url = make_url(bot_environment(SECRETS)["DATABASE_URL"])
    database = SERVICES["database"]["environment"]

    assert url.host in SERVICES
    assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert url.password == filled(database["POSTGRES_PASSWORD"], SECRETS)
    assert set(SERVICES["database"]["networks"]) <= set(SERVICES["bot"]["networks"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_none_has_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert "/tmp" in service["tmpfs"]  # noqa: S108
    assert service.keys() & {"privileged", "network_mode", "pid", "ipc"} == set()
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_tells_how_it_is_and_waits_for_those_that_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert "healthcheck" in service or (name == "bot" and health_check())
    needed = service.get("depends_on", {})
    assert {each["condition"] for each in needed.values()} <= {"service_healthy"}
    assert set(needed) == {"bot": {"database"}, "traefik": {"bot"}, "adminer": {"database"}}.get(name, set())


def test_the_database_is_not_to_be_reached_from_outside() -> None:
    assert "ports" not in SERVICES["database"]
    assert compose()["networks"]["data"]["internal"] is True
    assert SERVICES["database"]["networks"] == ["data"]


def test_the_database_is_waited_for_until_the_bot_can_reach_it() -> None:
    """While a new database is prepared, its server answers by its socket only."""
    assert "--host=127.0.0.1" in SERVICES["database"]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["adminer", "mailpit"])
def test_what_has_no_login_of_its_own_listens_on_this_machine_only(name: str) -> None:
    assert [port for port in SERVICES[name]["ports"] if not port.startswith("127.0.0.1:")] == []


def test_others_images_are_named_with_their_version() -> None:
    named = [service["image"] for name, service in SERVICES.items() if name != "bot"]

    assert [name for name in named if not re.search(r":v?\d", name)] == []


def test_a_stop_leaves_time_for_what_is_on_its_way() -> None:
    grace = seconds(SERVICES["bot"]["stop_grace_period"])

    assert grace >= max(LONGEST_CALLS_S, outbox.LEASE.total_seconds())


def test_traefik_leads_outsiders_to_slack_and_the_api_and_nowhere_else() -> None:
    routes = read("deploy/traefik/routes.yml")["http"]
    rule = routes["routers"]["bot"]["rule"]
    prefixes = re.findall(r"PathPrefix\(`(.*?)`\)", rule)
    environment = SERVICES["traefik"]["environment"]

    assert prefixes == ["/slack/", "/api/"]
    assert any(http.SLACK.startswith(prefix) for prefix in prefixes)
    assert set(re.findall(r'env "(\w+)"', str(routes))) == set(environment)
    [server] = routes["services"]["bot"]["loadBalancer"]["servers"]
    assert server["url"].startswith("http://bot:")
    assert filled(environment["BOT_PORT"], {}) == the("EXPOSE")
    assert routes["services"]["bot"]["loadBalancer"]["healthCheck"]["path"] == "/healthz"


def test_what_traefik_s_routes_name_is_there() -> None:
    routes = read("deploy/traefik/routes.yml")["http"]
    said = dict(word.removeprefix("--").split("=", 1) for word in SERVICES["traefik"]["command"])
    resolvers = {name.split(".")[1] for name in said if name.startswith("certificatesresolvers.")}

    for router in routes["routers"].values():
        assert router["service"] in routes["services"]
        assert set(router["middlewares"]) <= set(routes["middlewares"])
        assert {f"entrypoints.{name}.address" for name in router["entryPoints"]} <= set(said)
        assert router["tls"]["certResolver"] in resolvers
    for service in routes["services"].values():
        assert {urlsplit(server["url"]).hostname for server in service["loadBalancer"]["servers"]} <= set(SERVICES)
    [mounted] = [volume for volume in SERVICES["traefik"]["volumes"] if volume.startswith("./")]
    assert mounted.split(":")[:2] == ["./deploy/traefik/routes.yml", said["providers.file.filename"]]


def test_traefik_speaks_tls_with_a_certificate_that_it_gets_for_the_name_in_the_settings() -> None:
    said = dict(word.removeprefix("--").split("=", 1) for word in SERVICES["traefik"]["command"])
    published = dict(port.split(":") for port in SERVICES["traefik"]["ports"])

    assert published == {"80": said["entrypoints.web.address"][1:], "443": said["entrypoints.websecure.address"][1:]}
    assert said["entrypoints.web.http.redirections.entrypoint.scheme"] == "https"
    assert said["entrypoints.websecure.http.tls.certresolver"] == "acme"
    assert filled(said["certificatesresolvers.acme.acme.email"], {"ACME_EMAIL": "a@example.com"}) == "a@example.com"
    assert filled(said["certificatesresolvers.acme.acme.caserver"], {}).startswith("https://")
