"""Holds the short way of an annotation against its contract."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas import Annotation
from streams.events import Rejected
from streams.quality.arriving import Arrived, PlainAnnotation, annotation
from streams.quality.decode import contract

_whole = contract(Annotation)


def is_short(raw: bytes) -> bool:
    """Assert that `raw` has the same fate both ways; return whether it took the short one."""
    short, long = _fate(annotation, raw), _fate(_whole, raw)
    if isinstance(short, tuple) or isinstance(long, tuple):
        assert short == long
        return False
    assert _fields(short) == _fields(long)
    # Also as bytes: 1 and 1.0 are equal, and are not written alike.
    assert msgspec.json.encode(_fields(short)) == msgspec.json.encode(_fields(long))
    return isinstance(short, PlainAnnotation)


def _fate(decode: Any, raw: bytes) -> Arrived | tuple[str, str]:
    try:
        found: Arrived = decode(raw)
    except Rejected as rejected:
        return rejected.reason, rejected.error
    return found


def _fields(found: Arrived) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Annotation.model_fields}
