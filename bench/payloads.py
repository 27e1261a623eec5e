"""Slack's requests, as the local Slack made them once, each in as many copies as wanted, no two alike."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from string import ascii_lowercase
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from bench.children import KEY
from bench.filling import vocabulary

Json = dict[str, Any]

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
PEOPLE = ("U0ANA00000", "U0BEN00000", "U0CHLOE000", "U0DMITRI00")
COMMAND, BUTTON, MODAL, REPLY = "slash command", "button", "modal submission", "thread reply"


@dataclass(slots=True)
class Card:
    """An incident that is there to be clicked on, in the version that it has after the requests made so far."""

    incident_id: UUID
    ts: str
    version: int = 1


class Payloads:
    """Copies of what Slack sent.

    Args:
        templates: by kind of request, as they were recorded.
        cards: whose buttons are pressed in turn, *Take it* and *Back to open*; and in whose threads people write.
    """

    def __init__(self, templates: Mapping[str, Json], cards: list[Card]) -> None:
        self._templates, self._cards = templates, cards
        self._number = count(1)
        self._chance = random.Random(1)  # noqa: S311
        self._words = vocabulary()

    def made(self, kind: str) -> Json:
        """One more request of this kind, that nobody sent before."""
        payload, number = deepcopy(self._templates[kind]), next(self._number)
        match kind:
            case "slash command":
                payload["user_id"] = self._person(number)
            case "button":
                self._press(payload, self._cards[number % len(self._cards)], number)
            case "modal submission":
                payload["user"]["id"] = self._person(number)
                payload["view"]["id"] = f"V{uuid4().hex[:12].upper()}"
                title = " ".join("".join(self._chance.choices(ascii_lowercase, k=6)) for _ in range(4))  # like no other
                payload["view"]["state"]["values"]["title"]["title"]["value"] = title
            case _:
                self._say(payload, self._cards[number % len(self._cards)], number)
        return payload

    def seen(self, versions: Mapping[UUID, int]) -> None:
        """In which versions the cards really are."""
        for card in self._cards:
            card.version = versions[card.incident_id]

    def ignored(self, kind: str) -> Json:
        """The same as big, but nothing that the bot does anything about."""
        payload = self.made(kind)
        if kind == BUTTON:
            payload["actions"][0]["action_id"] = "nothing"
        elif kind == MODAL:
            payload["view"]["callback_id"] = "nothing"
        else:
            payload["event"]["bot_id"] = "B0OTHER000"
        return payload

    def _press(self, payload: Json, card: Card, number: int) -> None:
        is_open = card.version % 2 == 1
        pressed = {"action_id": "incident.take" if is_open else "incident.revert"}
        payload["user"]["id"] = self._person(number)
        payload["actions"][0] |= {**pressed, "value": f"{card.incident_id}:{card.version}"}
        payload["container"]["message_ts"] = payload["message"]["ts"] = card.ts
        card.version += 1

    def _say(self, payload: Json, card: Card, number: int) -> None:
        ts = f"{time.time():.6f}"
        said = " ".join(self._chance.choices(self._words, k=8))
        payload["event"] |= {
            "user": self._person(number), "thread_ts": card.ts, "text": said, "ts": f"{ts[:-6]}{number % 10**6:06}",
            "event_ts": ts,
        }  # fmt: skip
        payload["event_id"] = f"Ev{uuid4().hex[:10].upper()}"

    def _person(self, number: int) -> str:
        return PEOPLE[number % len(PEOPLE)]


def signed(payloads: Iterable[Mapping[str, Any]]) -> list[bytes]:
    """The requests as they go over the wire, signed just now."""
    return [_request(*_body(payload)) for payload in payloads]


def _body(payload: Mapping[str, Any]) -> tuple[str, bytes]:
    if "event" in payload:
        return JSON, json.dumps(payload).encode()
    form = payload if "command" in payload else {"payload": json.dumps(payload)}
    return FORM, urlencode(form).encode()


def _request(kind: str, body: bytes) -> bytes:
    stamp = str(int(time.time()))
    digest = hmac.new(KEY.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Slackbot 1.0 (+https://api.slack.com)\r\n"
        f"Accept-Encoding: gzip,deflate\r\nAccept: application/json,*/*\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
        f"X-Slack-Signature: v0={digest}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
