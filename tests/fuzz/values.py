"""What senders should not send, as Python values, as JSON text and as bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x1fb",
    "a\nb\r",
    "\x1b[31mred",
    "\x7f\x85",
    "../../etc/passwd",
    "..\\..\\windows",
    "%00%2e%2e%2f",
    "${jndi:ldap://x}",
    "'; drop table tasks; --",
    "\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "e\u0301 and \u00e9",
    "\u2028\u2029",
    "\U0001f642" * 50,
    "\u0430nn",
    "x" * 199,
    "x" * 200,
    "x" * 201,
    "\U0010ffff" * 200,
    "x" * 10_000,
    "Z\u0351\u036b\u0343" * 60,
    "nan",
    "-1",
    "null",
    "type",
    "9" * 300,
)
NUMBERS = (
    0,
    -0.0,
    -1,
    1,
    0.1,
    1e-320,
    1e308,
    -1e308,
    2**31,
    2**53 - 1,
    2**53,
    -(2**53),
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    2**64 - 1,
    2**64,
    10**400,
    10**4299,
    604_800,
    604_800.0000001,
    65,
    1_000_001,
)
TOKENS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"1" * 4_301,
    b"-" + b"9" * 20_000,
    b"01",
    b"+1",
    b".5",
    b"1.",
    b"0x10",
    b"1e5",
    b"-0",
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    b'"\\u001f"',
    b'"\\u200b\\u202e"',
    b'"\xc0\x80"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\t"',
    b"'a'",
    b"undefined",
    b"{}",
    b"[]",
    b'[{"a":[]}]',
    b'{"a":1,"a":2}',
    b"true",
    b"null",
    b'"2026-01-01T00:00:00Z"',
    b'"0001-01-01T00:00:00+23:59"',
    b'"9999-12-31T23:59:59.999999-23:59"',
    b'"2026-02-30T00:00:00Z"',
    b'"1e5"',
    b'"0E-999999"',
    b'"1E+999999999999999999"',
)
KEYS: tuple[bytes | None, ...] = (
    None,
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"a\x1fb",
    b"../../etc/passwd",
    b"x" * 800,
    b"x" * 801,
    b"x" * 1_000_000,
    "\u202eid".encode(),
)
TIMES = (-(2**63), -1, 0, 1, 253_402_300_800_000, 2**63 - 1)

Cut = Callable[[bytes, int, random.Random], bytes]
"""Takes the whole text, a place in it and chance."""


def value(rng: random.Random) -> Any:
    """Return a JSON value that some field does not expect."""
    kinds: list[Any] = [
        rng.choice(TEXTS),
        rng.choice(TEXTS),
        rng.choice(NUMBERS),
        rng.choice([None, True, False, [], {}, [[]], {"": {}}, {"type": "classification"}]),
        rng.choices(TEXTS, k=rng.choice([1, 3, 51, 201])),
    ]
    if rng.random() < 0.1:
        kinds = [nested(rng)]
    return rng.choice(kinds)


def large(rng: random.Random) -> str:
    """Return a text around the limits of values, outputs and state: it grows when it is escaped."""
    return rng.choice(['"\\\x00', "\U0001f642", "x"]) * rng.choice([40_000, 80_000, 600_000])


def nested(rng: random.Random) -> Any:
    """Return lists and objects in each other, around the depth that parsers accept."""
    inner: Any = rng.choice(NUMBERS)
    for _ in range(rng.choice([1, 5, 60, 180, 205, 300])):
        inner = [inner] if rng.random() < 0.5 else {rng.choice(["a", "label", "type"]): inner}
    return inner


def mangled(raw: bytes, rng: random.Random) -> bytes:
    """Return `raw` as a sender with a defect, or without good will, would send it."""
    how = rng.choice([*CUTS, with_token, with_token, with_token, twice, twice])
    return how(raw, rng.randrange(len(raw) + 1), rng)


CUTS: tuple[Cut, ...] = (
    lambda raw, at, _: raw[:at],
    lambda raw, at, rng: raw[:at] + rng.randbytes(rng.randrange(1, 9)) + raw[at:],
    lambda raw, at, rng: raw[:at] + raw[at + rng.randrange(1, 9) :],
    lambda raw, at, rng: raw[:at] + bytes((rng.choice(raw or b"x") ^ 1 << rng.randrange(8),)) + raw[at + 1 :],
    lambda raw, *_: b"\xef\xbb\xbf" + raw,
    lambda raw, _, rng: raw.decode(errors="replace").encode(rng.choice(["utf-16", "utf-16-le", "utf-32"])),
    lambda raw, _, rng: raw + rng.choice([b" ", b"\n", b"\x00", b",", b"}", raw]),
    lambda raw, _, rng: rng.choice([b"[", b'{"a":', b"[{"]) * rng.choice([10, 1_000, 50_000]) + raw,
    lambda raw, *_: raw.replace(b":", b": \t").replace(b"{", b"{ \r\n", 1),
    lambda _raw, _, rng: rng.randbytes(rng.randrange(64)),
)


def with_token(raw: bytes, _: int, rng: random.Random) -> bytes:
    """Return `raw` with one of its scalar values replaced by text that `json.dumps` would not write."""
    starts = [place + 1 for place, byte in enumerate(raw) if byte in b":,[" and raw[place + 1 : place + 2] not in b"{["]
    start = rng.choice(starts or [0])
    end = start
    while end < len(raw) and raw[end] not in b",}]":
        end += 1
    return raw[:start] + rng.choice(TOKENS) + raw[end:]


def twice(raw: bytes, at: int, rng: random.Random) -> bytes:
    """Return an object with one field a second time, before or after all others."""
    name = rng.choice(["project", "task_id", "annotator_id", "annotation_id", "label", "answer", "at"])
    other = rng.choice([*TOKENS, b'"a0"', b'"t0"', b'"p"'])
    field = b'"' + name.encode() + b'":' + other
    return b"{" + field + b"," + raw[1:] if at % 2 else raw[:-1] + b"," + field + b"}"
