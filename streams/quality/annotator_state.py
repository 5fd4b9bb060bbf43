"""What the annotator side keeps of a person, besides the ids seen; new fields go last, with defaults."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import Annotator, AnnotatorKind, Standing, Tier
from streams.quality.keys import FIXED, key
from streams.quality.reliability.ordinal import Scale

BREAK_MS: Final = 1_800_000
"""A session ends with half an hour without an annotation."""


class Profile(msgspec.Struct, array_like=True):
    """What administrators said of an annotator; `version` counts their accepted events, 0 means none."""

    tier: str = Tier.crowd.value
    kind: str = AnnotatorKind.human.value
    active: bool = True
    pseudonym: str | None = None
    specializations: list[str] = []
    version: int = 0


def profile(annotator: Annotator, version: int) -> Profile:
    """Return the profile that `annotator` states."""
    return Profile(
        tier=annotator.tier.value,
        kind=annotator.kind.value,
        active=annotator.active,
        pseudonym=annotator.pseudonym,
        specializations=list(annotator.specializations),
        version=version,
    )


class Stats(msgspec.Struct, array_like=True):
    """One annotator's work in one project.

    `n`, `time_ms`, `too_fast` and `too_slow` count submitted annotations, never edits or withdrawals, and are
    not taken back with a vote: the time was spent. The pairs below them count outcomes, and are taken back.
    `turns` counts how often `below` changed, so that each change has an event id of its own; it only grows.
    `standing` is the most severe of the records by task type. `session` counts spells of work, and `last_at` is when
    the last annotation came, in ms.
    """

    n: int = 0
    time_ms: int = 0
    too_fast: int = 0
    too_slow: int = 0
    gold_n: int = 0
    gold_correct: int = 0
    attention_n: int = 0
    attention_correct: int = 0
    training_n: int = 0
    training_correct: int = 0
    consensus_n: int = 0
    consensus_agree: int = 0
    below: bool = False
    turns: int = 0
    standing: str = Standing.active.value
    session: int = 0
    last_at: int = 0


def enter_session(stats: Stats, timestamp: int) -> None:
    """Take note of an annotation at this time, in ms as its record has it: the first, or one after a break."""
    if not stats.session or timestamp - stats.last_at > BREAK_MS:
        stats.session += 1
        stats.last_at = timestamp
    stats.last_at = max(stats.last_at, timestamp)


class Record(msgspec.Struct, array_like=True):
    """One annotator's work on one task type of a project, as outcomes tell of it.

    All down to `alike` is sums of what was told and not taken back. The rest depends on the path: what a retraction
    does to it is stated where it is changed, and is never to the annotator's disadvantage.

    Attributes
    ----------
    times : dict of int to int
        Bins of `streams.quality.reliability.speed` to how many annotations took so long; `timed` of them.
    pairs, alike : int
        Pairs of answers to tasks of one similarity key, and those that are equal.
    drift, fatigue : int
        Cumulative sums over all outcomes, and over those of `session`.
    is_hasty : bool
        Whether too many times are implausibly short, as of the last tenth one.
    spammer : int
        The spammer score when last looked at, fixed point; 1 where there is none.
    reasons : list of str
        What speaks against the annotator now; watched for it.
    bars : list of int
        The evidence at which each sanction was imposed or ended, 1e-6 nats; the newest `standing.SANCTIONS`.
    since : tuple of int
        Training answers, and right ones, when the training began.
    until : int
        When the training or pause ends, in ms; 0 without one, and when no tick had told the time yet.
    chunk, hours : int
        The chunk in which that end is queued, 0 for none, and its queue.
    changes : int
        How often the standing has changed, so that each change has an event id of its own.
    """

    gold_n: int = 0
    gold_correct: int = 0
    training_n: int = 0
    training_correct: int = 0
    consensus_n: int = 0
    consensus_agree: int = 0
    timed: int = 0
    times: dict[int, int] = {}
    scale: Scale = msgspec.field(default_factory=Scale)
    pairs: int = 0
    alike: int = 0
    drift: int = 0
    fatigue: int = 0
    session: int = 0
    is_hasty: bool = False
    standing: str = Standing.active.value
    reasons: list[str] = []
    bars: list[int] = []
    since: tuple[int, int] = (0, 0)
    until: int = 0
    chunk: int = 0
    hours: int = 0
    changes: int = 0
    spammer: int = FIXED


class Times(msgspec.Struct, array_like=True):
    """How long a project's annotators took for one task type, those of this partition: bins to counts."""

    bins: dict[int, int]


def record_key(annotator_id: str, project: str, task_type: str) -> str:
    """Return the table key of a record."""
    return key("r", annotator_id, project, task_type)
