"""What the annotator side keeps of a person, besides the ids seen; new fields go last, with defaults."""

from __future__ import annotations

import msgspec

from schemas import Annotator, AnnotatorKind, Tier


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
