"""The pages of an installation: what is shown before it, and how it ended."""

from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1d1c1d;background:#f8f8f8;margin:0}"
    "main{max-width:34rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:.75rem}"
    "h1{font-size:1.4rem;margin:0 0 .5rem}"
    "a{display:inline-block;margin-top:1rem;padding:.6rem 1.1rem;border-radius:.4rem;background:#1d3557;color:#fff;"
    "text-decoration:none}a:focus{outline:3px solid #f4a261}"
)


def authorize_url(api_url: str, *, client_id: str, scopes: Sequence[str], state: str) -> str:
    """Where Slack asks people whether they want the app, and whether it may do all this."""
    asked = urlencode({"client_id": client_id, "scope": ",".join(scopes), "user_scope": "", "state": state})
    return f"{api_url.removesuffix('api/')}oauth/v2/authorize?{asked}"


def offer(url: str) -> str:
    """Before anything happened."""
    words = "One card and one thread per incident, from open to resolved. Slack asks you next what it may do."
    return _page("Incident Tracker for Slack", words, ("Add to Slack", url))


def done(workspace: str, url: str) -> str:
    """It is there."""
    words = f"Incident Tracker is in {workspace}. Type /incident help in any channel, and invite it where it is needed."
    return _page("Installed", words, ("Open Slack", url))


def declined() -> str:
    """Somebody said no."""
    return _again("Not installed", "You declined, so nothing was installed and nothing is stored.")


def expired() -> str:
    """The way back from Slack is not one that began here, or took too long."""
    words = (
        "Nothing was installed: this link was used before, is older than ten minutes, or was opened in another browser "
        "than the one that it began in."
    )
    return _again("Begin once more", words)


def for_an_organisation() -> str:
    """Not as a whole."""
    words = (
        "Nothing was installed: Incident Tracker cannot be installed for a whole organisation, because each workspace "
        "has incidents, people and superusers of its own. Install it in the workspaces one by one."
    )
    return _again("Not for a whole organisation", words)


def refused(code: str) -> str:
    """Slack did not take what it gave."""
    words = f"Nothing was installed: Slack refused it ({code}). If that repeats, tell whoever runs Incident Tracker."
    return _again("Slack refused", words)


def failed() -> str:
    """Something does not answer."""
    words = "Nothing was installed: Slack or the database does not answer. Try again in a minute."
    return _again("Not now", words)


def too_often() -> str:
    """Somebody opens the first page again and again."""
    return _again("Not now", "Nothing was installed: this page was opened too often from here. Wait ten minutes.")


def _again(title: str, words: str) -> str:
    return _page(title, words, ("Try again", "install"))


def _page(title: str, words: str, link: tuple[str, str]) -> str:
    label, url = link
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1><p>{escape(words)}</p>"
        f'<a href="{escape(url)}">{escape(label)}</a></main></body></html>'
    )
