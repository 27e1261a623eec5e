"""The REST API: FastAPI, imported only where it is switched on."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.api import alerts, bodies, categories, incidents, login, numbers, people, problems, steps, talk, webhooks
from bot.api.callers import Estate

ROUTERS: Final[tuple[APIRouter, ...]] = (
    login.router,
    people.router,
    incidents.router,
    steps.router,
    steps.undoing_router,
    talk.router,
    categories.router,
    numbers.router,
    alerts.router,
    webhooks.router,
)


def api(estate: Estate) -> ASGIApp:
    """The ASGI application, to be mounted at ``/api/v1``."""
    made = _application()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await made({**scope, "state": {**scope.get("state", {}), "estate": estate}}, receive, send)

    return serve


@cache
def _application() -> FastAPI:
    """All routes, whatever estate they serve: making them takes longer than most requests."""
    made = FastAPI(
        title="Incident Tracker",
        version="1",
        summary="Incidents of a Slack workspace, for other programs.",
        docs_url=None,  # its pages take scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # what is at no address is told as a problem
        generate_unique_id_function=_named,
        responses=problems.documented(400, 405, 413, 415, 500),
    )
    for router in ROUTERS:
        made.include_router(router)
    problems.attach(made)
    made.add_middleware(bodies.Guard)
    made.openapi = lambda: _described(made)  # type: ignore[method-assign]
    return made


def _named(route: APIRoute) -> str:
    """What a generated client calls an operation."""
    return route.name


def _described(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        found = get_openapi(
            title=api.title, version=api.version, summary=api.summary, routes=api.routes, servers=[{"url": "/api/v1"}]
        )
        _without_null(found["paths"])
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas |= {"Problem": dict(problems.PROBLEM), "Credentials": login.Credentials.model_json_schema()}
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        api.openapi_schema = found
    return api.openapi_schema


def _without_null(paths: dict[str, Any]) -> None:
    """What is optional in an address or header is left out there: it cannot be null."""
    for parameter in (each for path in paths.values() for of in path.values() for each in of.get("parameters", ())):
        choices = parameter["schema"].pop("anyOf", None)
        if choices:
            parameter["schema"] |= next(choice for choice in choices if choice.get("type") != "null")
