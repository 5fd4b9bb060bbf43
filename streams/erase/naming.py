"""Whether a record names what is erased."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from schemas import ErasureKind
from schemas.errors import SHOWN

_ESCAPES = re.compile(rb"[\\\0]")
"""Without these bytes, an escape's or those of UTF-16 and UTF-32, a JSON text holds each string as it is."""


class Names:
    """The id in the forms in which records hold it.

    A value names it where a whole string of its JSON is the id; where it is no JSON, where the id stands as a word.
    """

    def __init__(self, kind: ErasureKind, identity: str) -> None:
        self.kind = kind
        self.key = identity.encode()
        self._id = identity
        self._spelled = {json.dumps(identity).encode(), json.dumps(identity, ensure_ascii=False).encode()}
        self._quoted = {repr(identity).encode(), repr(identity[:SHOWN]).encode()}
        self._word = re.compile(rb"(?<![\w-])" + re.escape(self.key) + rb"(?![\w-])")

    def in_json(self, value: bytes | None) -> bool:
        """Return whether a value that goldstream wrote names it; it need not be parsed for that."""
        return value is not None and any(spelled in value for spelled in self._spelled)

    def in_any(self, value: bytes | None) -> bool:
        """Return whether a value that anybody wrote, in whichever way, names it."""
        if not value or (self.key not in value and not _ESCAPES.search(value)):
            return False
        try:
            return self._is_in(json.loads(value))
        except (ValueError, RecursionError):
            return self._word.search(value) is not None

    def in_text(self, text: str) -> bool:
        """Return whether a text names it as a word."""
        return self._word.search(text.encode()) is not None

    def in_letter(self, headers: Iterable[tuple[str, bytes]], value: bytes | None) -> bool:
        """Return whether a dead letter, or the mark that it was replayed, names it."""
        told = dict(headers)
        # An error quotes what it names: as a bare word, an id may be any word of the sentence.
        error = told.get("error") or b""
        return told.get("key") == self.key or any(one in error for one in self._quoted) or self.in_any(value)

    def _is_in(self, value: Any) -> bool:
        left = [value]
        while left:
            one = left.pop()
            if one == self._id:
                return True
            if isinstance(one, dict):
                left += [*one, *one.values()]
            elif isinstance(one, list):
                left += one
        return False
