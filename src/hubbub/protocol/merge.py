"""JSON Merge Patch (RFC 7396)."""

from typing import Any


def merge(document: Any, patch: Any) -> Any:
    """Return `document` with `patch` merged in (RFC 7396 section 2). Changes neither of them."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge(merged.get(key), value)
        else:
            merged[key] = value
    return merged
