"""Posting once: what Slack may have taken without answering is looked for before it is posted again."""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from domain.outbox import Outgoing

EVENT_TYPE = "incident_tracker_delivery"
LOOK_BACK = 100
"""Messages that are read again after a post without an answer."""


async def post_once(
    slack: AsyncWebClient, message: Outgoing, *, channel: str, thread_ts: str | None = None, **content: Any
) -> str:
    """Post, or find the post of an earlier attempt by the outbox id in its metadata.

    Returns:
        The message's ts.
    """
    if message.attempts > 1:
        found = await _posted(slack, message, channel, thread_ts)
        if found:
            return found
    answer = await slack.chat_postMessage(
        channel=channel,
        thread_ts=thread_ts,
        unfurl_links=False,
        unfurl_media=False,
        metadata={"event_type": EVENT_TYPE, "event_payload": {"id": str(message.id)}},
        **content,
    )
    return str(answer["ts"])


async def _posted(slack: AsyncWebClient, message: Outgoing, channel: str, thread_ts: str | None) -> str | None:
    since: dict[str, Any] = {
        "channel": channel,
        "oldest": f"{message.created_at.timestamp() - 60:.6f}",
        "limit": LOOK_BACK,
        "include_all_metadata": True,
    }
    if thread_ts:
        answer = await slack.conversations_replies(ts=thread_ts, **since)
    else:
        answer = await slack.conversations_history(**since)
    for posted in answer["messages"]:
        metadata = posted.get("metadata") or {}
        is_ours = metadata.get("event_type") == EVENT_TYPE
        if is_ours and metadata.get("event_payload", {}).get("id") == str(message.id):
            return str(posted["ts"])
    return None
