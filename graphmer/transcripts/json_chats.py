"""Messages of chats as their programs export them: Telegram, Slack, Discord, ChatGPT's data sets."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

_SERVICE = re.compile(r"service|GuildMemberJoin|Recipient\w+|Call|Channel\w+|ThreadCreated|UserPremium\w+")
"""Types of messages that nobody wrote, of Telegram and Discord."""

_OF_CHANNEL = re.compile(r"(?:channel|group)_\w+|pinned_item|reminder_add")
"""Subtypes of such messages, of Slack."""

_NAMES = ("real_name", "display_name", "name")
_DEEPEST = 4
"""Depth up to which dialogues are looked for."""


def is_service(turn: Mapping[str, Any]) -> bool:
    """Whether somebody joined a chat, changed its name or the like."""
    kind, subtype = turn.get("type"), turn.get("subtype")
    is_of_type = isinstance(kind, str) and _SERVICE.fullmatch(kind) is not None
    return is_of_type or (isinstance(subtype, str) and _OF_CHANNEL.fullmatch(subtype) is not None)


def plain_turn(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn with the usual keys for its text and speaker.

    Example:
        >>> plain_turn({"from": "user", "value": "hi"})
        {'from': 'user', 'text': 'hi'}
        >>> plain_turn({"type": "message", "user": "U1", "text": "a &amp;", "user_profile": {"name": "ann"}})
        {'type': 'message', 'user': 'ann', 'text': 'a &'}
    """
    if {"from", "value"} <= set(turn) and "text" not in turn:
        return {"text" if key == "value" else key: cell for key, cell in turn.items()}
    if turn.get("type") != "message" or not {"user", "username", "bot_id"} & set(turn):
        return turn
    profile = turn.get("user_profile")
    names = [profile.get(name) for name in _NAMES] if isinstance(profile, Mapping) else []
    speaker = next((name for name in names if isinstance(name, str) and name), None)
    speaker = speaker or turn.get("user") or turn.get("username")
    text = turn.get("text")
    found = {key: cell for key, cell in turn.items() if key not in ("user_profile", "username")}
    return found | {"user": speaker, "text": html.unescape(text) if isinstance(text, str) else text}


def nested(value: Any, keys: tuple[str, ...]) -> Any:
    """The first dialogue, or list of dialogues, within an object; the object itself if it has none.

    Args:
        value: of a document.
        keys: of the list of turns of a dialogue.
    """
    found = next(_within(value, keys, _DEEPEST), None) if isinstance(value, dict) else None
    return value if found is None else found


def _within(value: Mapping[str, Any], keys: tuple[str, ...], depth: int) -> Iterator[Any]:
    if any(_are_objects(value.get(key)) for key in keys):
        yield value
        return
    for each in value.values():
        if _are_objects(each) and any(_are_objects(each[0].get(key)) for key in keys):
            yield each
        elif isinstance(each, dict) and depth:
            yield from _within(each, keys, depth - 1)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
