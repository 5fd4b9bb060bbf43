"""Makes records: messages left whole, bent or broken, with keys and times to match or not; and those sent before."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.fuzz import values
from tests.fuzz.traffic import IDENTITY, NOW, POOLS, SOURCES, message
from tests.schemas.examples import INVALID

# Most of what is sent is meant for these, so that sides have something to be hostile to.
WEIGHTS = {
    "reviews": 3,
    "annotations": 10,
    "tasks": 5,
    "annotations.scored": 3,
    "projects": 2,
    "gold": 3,
    "outcomes": 2,
    "ticks.a": 2,
    "ticks.t": 2,
}
REMEMBERED = 400
REMEMBERED_BYTES = 20_000


class Sent(NamedTuple):
    """A record on its way to a source topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int


class Generator:
    """An endless stream of records, the same for the same seed and the same `remember`."""

    def __init__(self, seed: str) -> None:
        self._rng = random.Random(seed)
        self._past: list[Sent] = []
        self._clock = NOW
        self._ways: dict[Callable[[], Sent], int] = {
            self._plain: 36,
            self._bent: 20,
            self._broken: 12,
            self._replayed: 12,
            self._replayed_broken: 8,
            self._null: 3,
            self._misplaced: 3,
            self._invalid: 3,
            self._mislabelled: 3,
            self._large: 1,
        }

    def remember(self, sent: Sent) -> None:
        """Keep a record that led somewhere, to be replayed or broken; not a large one, which could only grow."""
        if len(sent.value or b"") > REMEMBERED_BYTES:
            return
        if len(self._past) < REMEMBERED:
            self._past.append(sent)
        else:
            self._past[self._rng.randrange(REMEMBERED)] = sent

    def __iter__(self) -> Iterator[Sent]:
        # Without a project nothing is decided: it comes first.
        for name in POOLS["project"]:
            yield self._record("projects", {"project": name, "policy": {"redundancy": 2, "max_redundancy": 3}})
        while True:
            self._clock += self._rng.choice([0, 1, 1_000, 60_000])
            (way,) = self._rng.choices(list(self._ways), list(self._ways.values()))
            yield way()

    def _plain(self) -> Sent:
        topic = self._topic()
        return self._record(topic, message(topic, self._clock, self._rng))

    def _bent(self) -> Sent:
        topic = self._topic()
        body = copy.deepcopy(message(topic, self._clock, self._rng))
        bend(body, self._rng)
        return self._record(topic, body)

    def _broken(self) -> Sent:
        return self._break(self._plain())

    def _replayed(self) -> Sent:
        return self._rng.choice(self._past) if self._past else self._plain()

    def _replayed_broken(self) -> Sent:
        return self._break(self._replayed())

    def _null(self) -> Sent:
        return self._plain()._replace(value=None)

    def _misplaced(self) -> Sent:
        return self._plain()._replace(topic=self._topic())

    def _invalid(self) -> Sent:
        wrong = self._rng.choice([one for one in INVALID if one.topic in IDENTITY])
        return self._record(wrong.topic, wrong.value)

    def _mislabelled(self) -> Sent:
        key = self._rng.choice([*values.KEYS, b"a0", b"t0", b"p"])
        return self._plain()._replace(key=key, timestamp=self._rng.choice(values.TIMES))

    def _large(self) -> Sent:
        topic = self._topic()
        body = message(topic, self._clock, self._rng)
        return self._record(topic, {**body, self._rng.choice([*body]): values.large(self._rng)})

    def _topic(self) -> str:
        return self._rng.choices(SOURCES, [WEIGHTS.get(topic, 1) for topic in SOURCES])[0]

    def _record(self, topic: str, body: dict[str, Any]) -> Sent:
        identity = body.get(IDENTITY.get(topic, ""))
        key = identity.encode("utf-8", "surrogatepass") if isinstance(identity, str) else b""
        timestamp = self._clock if self._rng.random() < 0.9 else self._rng.choice(values.TIMES)
        at = body.get("at")
        if topic in ("ticks.a", "ticks.t") and type(at) is int and 0 <= at < 2**63 and self._rng.random() < 0.7:
            timestamp = at
        return Sent(topic, key, json.dumps(body, separators=(",", ":")).encode(), timestamp)

    def _break(self, sent: Sent) -> Sent:
        return sent._replace(value=values.mangled(sent.value or b"{}", self._rng))


def bend(body: dict[str, Any], rng: random.Random) -> None:
    """Set, drop or copy something somewhere in a message."""
    # Many copies only once: copies of copies would be all that there is.
    copies = [1, 60, 500]
    for _ in range(rng.choice([1, 1, 2, 4])):
        inside = rng.choice(_containers(body))
        if isinstance(inside, dict):
            name = rng.choice([*inside, rng.choice(values.TEXTS)])
            if rng.random() < 0.2:
                inside.pop(name, None)
            else:
                inside[name] = values.value(rng)
        elif rng.random() < 0.5:
            inside.append(values.value(rng))
        else:
            inside.extend(inside[:1] * rng.choice(copies))
            copies = [1]


def _containers(body: dict[str, Any]) -> list[Any]:
    """Return the object and what it holds of objects and lists, the outer ones first, as far as is worth it."""
    found: list[Any] = [body]
    for one in found:
        if len(found) > 500:
            break
        found += [value for value in (one.values() if isinstance(one, dict) else one) if isinstance(value, dict | list)]
    return found
