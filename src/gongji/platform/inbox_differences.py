"""The names of the fields in which two contents of one message id differ."""

from collections.abc import Mapping
from typing import Any

import msgspec

NAMED = 5
"""How many differing fields a refusal names."""
LONGEST_KEPT = 4000
"""The characters beyond which a text is a file, which is not kept twice."""


def shortened(content: Any) -> Any:
    """A content as it is kept to name differences: texts that are files only by their length."""
    if isinstance(content, dict):
        return {name: shortened(part) for name, part in content.items()}
    if isinstance(content, list):
        return [shortened(part) for part in content]
    if isinstance(content, str) and len(content) > LONGEST_KEPT:
        return f"（{len(content)} 个字符，以 {content[:32]} 开头）"
    return content


def differing(
    first_kind: str, first: Mapping[str, Any], kind: str, content: Mapping[str, Any]
) -> list[str]:
    """The names of the fields in which a message differs from the first one of its id."""
    names = [] if first_kind == kind else ["infno"]
    # Compared as JSON, as the first one was kept.
    now = msgspec.json.decode(msgspec.json.encode(shortened(content)))
    names += _differing("", shortened(first), now)
    shown = list(dict.fromkeys(names))
    return shown[:NAMED] + ["…"] * (len(shown) > NAMED) or ["input"]


def _differing(path: str, before: Any, now: Any) -> list[str]:
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        names = dict.fromkeys([*before, *now])
        return [
            found
            for name in names
            for found in _differing(f"{path}.{name}", before.get(name), now.get(name))
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            found
            for number, (old, new) in enumerate(zip(before, now, strict=True), start=1)
            for found in _differing(f"{path}[{number}]", old, new)
        ]
    return [path.lstrip(".") or "input"]
