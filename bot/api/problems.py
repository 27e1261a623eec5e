"""Errors as ``application/problem+json``: what happened, why, and what to do next; never a stack trace.

422 is what contradicts the description of the API; 409 is what contradicts the things as they are now, such as a
category that there is not.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain import db
from domain.errors import AlreadyDone, Conflict, DomainError, Forbidden, InvalidInput, NotFound, Repeated, Stale

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "What went wrong, after RFC 9457. ``code`` is for programs, ``detail`` for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
"""The schema of every error."""

NOT_READ: Final = "This request cannot be understood."
TOO_LARGE: Final = (
    "Nothing was changed: the body is too large; 1 MB is the most, and 20 kB where nobody has to say who they are."
)
MOST_ERRORS: Final = 20
"""Of one request; more help nobody, and whoever sends them may want the answer to be long."""
_WORDS: Final = {
    400: "The body cannot be read. Send it as the description of this API says: /api/v1/openapi.json.",
    404: "There is nothing at this address. /api/v1/openapi.json lists what there is.",
    405: "This address takes no such method; the header Allow lists those that it takes.",
    413: TOO_LARGE,
    415: "Send the body as application/json; the login takes application/x-www-form-urlencoded.",
}
_CODES: Final = {
    400: "unreadable", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    413: "too_large", 415: "unsupported_media_type", 422: "invalid", 429: "too_many_requests", 503: "unavailable",
}  # fmt: skip


class Problem(Exception):
    """An answer other than what was asked for."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] = {},
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code = status, detail, code or _CODES.get(status, "error")
        self.errors, self.headers = errors, headers

    def answer(self, request: Request) -> Response:
        """The response, with what is said of the rate limit by then."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        headers = {**getattr(request.state, "rate", {}), **self.headers}
        return JSONResponse(body, self.status, headers, media_type=MEDIA_TYPE)


def unauthorized(detail: str) -> Problem:
    """Who asks is not known, or not any more."""
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="Incident Tracker"'})


def too_many(detail: str, *, wait_s: int) -> Problem:
    """Too often; says when to try again."""
    return Problem(429, detail, headers={"Retry-After": str(wait_s)})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation's description says of these statuses."""
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": schema} for status in statuses}


OF_EVERYTHING: Final = documented(401, 403, 409, 422, 429, 503)
"""What every operation may answer to somebody who has to be known."""


def attach(api: FastAPI) -> None:
    """Every error becomes a problem."""
    api.add_exception_handler(Problem, _told)
    api.add_exception_handler(DomainError, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(SQLAlchemyError, _no_database)
    api.add_exception_handler(TimeoutError, _no_database)
    api.add_exception_handler(OSError, _no_database)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - for the type checker
    return error.answer(request)


async def _refused(request: Request, error: Exception) -> Response:
    """What the domain raised, with its own words."""
    return _problem(error).answer(request)


def _problem(error: Exception) -> Problem:
    words = str(error)
    match error:
        case NotFound():
            return Problem(404, words)
        case Forbidden():
            return Problem(403, words)
        case InvalidInput():
            return Problem(409, words, code="unusable", errors=[{"field": error.field, "detail": words}])
        case Stale():
            return Problem(412, words, code="stale", headers={"ETag": f'"{error.version}"'})
        case AlreadyDone():
            return Problem(409, words, code="already_done")
        case Repeated():
            return Problem(409, words, code="repeated")
        case Conflict():
            return Problem(409, words, code="conflict")
        case _:
            return Problem(400, words)


async def _invalid(request: Request, error: Exception) -> Response:
    """Which values cannot be used and why; the values themselves are not repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
    found = [{"field": _field(each["loc"]), "detail": str(each["msg"])} for each in error.errors()[:MOST_ERRORS]]
    first = f"{found[0]['field']}: {found[0]['detail']}" if found else NOT_READ
    return Problem(422, f"Nothing was changed. {_plain(first)}.", errors=[_clean(e) for e in found]).answer(request)


def _field(place: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in place[1:]) or str(place[0])


def _clean(error: Mapping[str, str]) -> dict[str, str]:
    return {name: _plain(value) for name, value in error.items()}


def _plain(words: str) -> str:
    """Field names come from whoever sent them: shortened, and without what no text may hold."""
    return words[:300].encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    words = _WORDS.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    return Problem(error.status_code, words, headers=headers).answer(request)


def _methods(request: Request) -> list[str]:
    """What this address takes: FastAPI names only what the first function there does."""
    found: dict[str, Any] = request.app.openapi()["paths"]
    asked = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    places = [place for place in found if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", place), asked)]
    return sorted(method.upper() for place in sorted(places, key=lambda p: p.count("{"))[:1] for method in found[place])


async def _no_database(request: Request, error: Exception) -> Response:
    log.warning("api_without_database", kind=type(error).__name__)
    if isinstance(error, db.Unsure):
        words = "Perhaps saved: the database broke off just then. Look whether it is there before you try again."
    else:
        words = "Nothing was changed: the database does not answer. Try again in a minute."
    return Problem(503, words, headers={"Retry-After": "5"}).answer(request)
