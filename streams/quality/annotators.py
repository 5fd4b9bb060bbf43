"""The annotator side: scores each annotation by what is known of its author, and learns from outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from schemas import Action, Annotator, Erasure, ErasureKind, Globals, RetractVotes, Thresholds, Tick
from streams.events import Event, Output, Rejected, Source, State, coordinates
from streams.quality import arriving, checks, erasures, learning, shared, standing, summing
from streams.quality.annotator_state import Profile, Stats, enter_session, profile
from streams.quality.arriving import Arrived
from streams.quality.checks import Rules, rules_of
from streams.quality.decode import contract
from streams.quality.forgetting import forget_annotator
from streams.quality.keys import FIXED, key
from streams.quality.records import Scored, bounded, encode, quality_event
from streams.quality.reliability.accuracy import reliability
from streams.quality.returning import Judgement, reader
from streams.quality.seen import is_known, remember
from streams.quality.ticking import advance, told_time

SCORED: Final = "annotations.scored"
RETRACTIONS: Final = "retractions"
COUNTERS: Final = {
    "gold": ("gold_n", "gold_correct"),
    "attention": ("attention_n", "attention_correct"),
    "training": ("training_n", "training_correct"),
    "consensus": ("consensus_n", "consensus_agree"),
}
_PROFILE: Final = key("a", "")
_SUBMIT: Final = Action.submit
"""Looking a member up in its enumeration takes as long as comparing it."""
_UNKNOWN_PROFILE: Final = Profile()
_NO_STATS: Final = Stats()

SOURCES: Final = (
    Source("annotations", arriving.annotation, attrgetter("annotator_id")),
    Source("annotators", contract(Annotator), attrgetter("annotator_id")),
    Source("outcomes", reader(Judgement), attrgetter("annotator_id"), own=True),
    Source("globals.a", contract(Globals), None, own=True),
    Source("ticks.a", contract(Tick), None, lossy=True, own=True),
    Source("erasures.a", contract(Erasure), None, tombstones=True),
)


def _only(_: bytes) -> int:
    return 0


@dataclass(frozen=True)
class AnnotatorSide:
    """The annotators table and what follows from its events.

    Parameters
    ----------
    remembered : int
        How many of an annotator's last annotation ids are refused as duplicates.
    batch : int
        How many entries of the table an erasure removes at once.
    partitions : int
        How many partitions the task side has.
    partition_of : callable
        Returns the one that a task's id belongs to.
    """

    remembered: int = 10_000
    batch: int = 5_000
    partitions: int = 1
    partition_of: Callable[[bytes], int] = _only
    name: str = "annotators"
    state_version: int = 1
    sources: tuple[Source, ...] = SOURCES
    upgrades: Mapping[int, Callable[[str, bytes], bytes]] = field(default_factory=dict)

    def step(self, state: State, event: Event) -> list[Output]:
        """Apply one event. Raises `Rejected` before anything is changed."""
        late = _late(state, event, self.remembered) if erasures.any_remembered(state) else None
        return self._apply(state, event) if late is None else late

    def _apply(self, state: State, event: Event) -> list[Output]:
        match event.topic:
            case "annotations":
                return self._annotation(state, event, event.value)
            case "outcomes":
                return _outcome(state, event, event.value)
            case "annotators":
                return _annotator(state, event, self.partitions)
            case "globals.a":
                return _globals(state, event.value)
            case "ticks.a":
                return _tick(state, event, self.batch)
            case "erasures.a":
                return _erase(state, event, self.name, self.batch)
            case _:
                raise ValueError(f"the annotator side does not read {event.topic!r}")

    def _annotation(self, state: State, event: Event, annotation: Arrived) -> list[Output]:
        remembered = self.remembered
        annotator_id, project = annotation.annotator_id, annotation.project
        annotation_id = annotation.annotation_id
        author = state.get(_PROFILE + annotator_id, Profile) or _UNKNOWN_PROFILE
        if is_known(state, annotator_id, annotation_id, remembered):
            raise Rejected("duplicate", f"annotation_id {annotation_id!r}: {annotator_id!r} has already used it")
        if not author.active:
            raise Rejected("annotator_inactive", f"annotator_id {annotator_id!r}: is not active")

        remember(state, annotator_id, annotation_id, remembered)
        rules = rules_of(state, project)
        place = key("s", annotator_id, project)
        stats = state.get(place, Stats) or Stats()
        turned = _turn(stats, rules)
        speed = None
        is_submitted = annotation.action is _SUBMIT
        if is_submitted:  # a quick correction is no sign of haste
            speed = checks.speed_flag(annotation.time_spent_s, rules)
            _count(stats, annotation.time_spent_s, speed)
            enter_session(stats, event.timestamp)
        if turned or is_submitted:
            state.put(place, stats)

        counts = learning.untold(state, annotator_id, project, annotation.task_id, self.partitions, self.partition_of)
        outputs = [_scored(event, annotation, author, stats, rules, speed, counts)]
        if speed:
            outputs.append(_sped(event, annotation, rules, speed))
        if turned:
            outputs.append(_turned(event, annotation, stats, rules, annotation_id))
        return outputs


def _count(stats: Stats, seconds: float, speed: str | None) -> None:
    stats.n += 1
    stats.time_ms += round(seconds * 1000)
    stats.too_fast += speed == checks.TOO_FAST
    stats.too_slow += speed == checks.TOO_SLOW


def _scored(
    event: Event,
    annotation: Arrived,
    author: Profile,
    stats: Stats,
    rules: Rules,
    speed: str | None,
    counts: list[dict[str, Any]] | None,
) -> Output:
    flags = [speed] if speed else []
    if stats.below:
        flags.append(checks.BELOW)
    n = stats.gold_n + stats.consensus_n
    action = str(annotation.action)
    body = Scored(  # by place: so many names would take eight times as long
        1,
        annotation.annotation_id,
        annotation.task_id,
        annotation.annotator_id,
        annotation.project,
        action,
        annotation.label,
        annotation.non_answer,
        annotation.confidence,
        annotation.time_spent_s,
        annotation.presented_order,
        annotation.submitted_at,
        flags,
        checks.product(rules.factors[flag] for flag in flags) / FIXED if flags else 1.0,
        reliability(stats.gold_correct + stats.consensus_agree, n) / FIXED,
        n,
        author.tier,
        author.kind,
        rules.policy_version,
        counts,
        stats.standing,
        stats.session,
    )
    return Output(SCORED, annotation.task_id.encode(), encode(body), event.timestamp, tag=action)


def _sped(event: Event, annotation: Arrived, rules: Rules, kind: str) -> Output:
    return quality_event(
        event_id=f"{annotation.annotator_id}:{annotation.annotation_id}:{kind}",
        kind=kind,
        annotator_id=annotation.annotator_id,
        project=annotation.project,
        policy_version=rules.policy_version,
        timestamp=event.timestamp,
        task_id=annotation.task_id,
        annotation_id=annotation.annotation_id,
        value=annotation.time_spent_s,
        threshold=rules.too_fast_s if kind == checks.TOO_FAST else rules.too_slow_s,
    )


def _outcome(state: State, event: Event, outcome: Judgement) -> list[Output]:
    changed = learning.changed(state, outcome)  # refused before anything is counted
    outputs = [] if outcome.kind == "posterior" else _judged(state, event, outcome)
    return outputs if changed is None else outputs + learning.learn(state, outcome, changed, event.timestamp)


def _judged(state: State, event: Event, outcome: Judgement) -> list[Output]:
    place = key("s", outcome.annotator_id, outcome.project)
    stats = state.get(place, Stats) or Stats()
    judged, right = COUNTERS[outcome.kind]
    n = getattr(stats, judged) + outcome.sign
    n_right = getattr(stats, right) + outcome.sign * bool(outcome.correct)
    if not 0 <= n_right <= n:
        raise Rejected(
            "outcome_underflow",
            f"sign: takes back a {outcome.kind} outcome that was never told"
            f" ({right} would be {n_right} of {judged} {n})",
        )
    setattr(stats, judged, n)
    setattr(stats, right, n_right)
    rules = rules_of(state, outcome.project)
    turned = _turn(stats, rules)
    outputs = standing.judged(state, event, outcome, stats, rules)
    if stats == _NO_STATS:
        state.delete(place)
    else:
        state.put(place, stats)
    if turned:
        # The same annotation may turn it again, when its outcome is taken back: the count tells the events apart.
        cause_id = f"{outcome.task_id}:{outcome.annotation_id}:{stats.turns}"
        outputs.insert(0, _turned(event, outcome, stats, rules, cause_id))
    return outputs


def _annotator(state: State, event: Event, partitions: int) -> list[Output]:
    annotator: Annotator = event.value
    place = _PROFILE + annotator.annotator_id
    stored = state.get(place, Profile)
    version = 0 if stored is None else stored.version
    if annotator.expected_version not in (None, version):
        raise Rejected(
            "version_conflict",
            f"expected_version {annotator.expected_version}:"
            f" annotator {annotator.annotator_id!r} is at version {version}",
        )
    state.put(place, profile(annotator, version + 1))
    return [] if annotator.retract_votes is None else _retracted(event, annotator, annotator.retract_votes, partitions)


def _retracted(event: Event, annotator: Annotator, asked: RetractVotes, partitions: int) -> list[Output]:
    """Return the record that asks each partition of the task side to take the annotator's votes back."""
    body = {
        "schema_version": 1,
        "retraction_id": coordinates(event.topic, event.partition, event.offset),
        "annotator_id": annotator.annotator_id,
        "project": asked.project,
        "since": 0 if asked.since is None else max(0, round(asked.since.timestamp() * 1000)),
        "until": bounded(event.timestamp),
        "actor": annotator.actor,
        "reason": annotator.reason,
    }
    key, value = annotator.annotator_id.encode(), encode(body)
    return [Output(RETRACTIONS, key, value, event.timestamp, partition=number) for number in range(partitions)]


def _globals(state: State, sent: Globals) -> list[Output]:
    if sent.statistics is not None:
        shared.store(state, sent)
        return []
    place = key("p", sent.project)
    stored = state.get(place, Rules)
    if stored is not None and (sent.policy_version, sent.sequence) <= (stored.policy_version, stored.sequence):
        return []
    settings = sent.project_settings
    thresholds = Thresholds() if settings is None else settings.thresholds
    state.put(place, checks.rules(thresholds, sent.policy_version, sent.sequence, frozen=sent.sanctions_frozen))
    return []


def _tick(state: State, event: Event, batch: int) -> list[Output]:
    told = told_time(event)
    outputs = standing.end_due(state, event, advance(state, told), batch)
    erasures.forget(state, told, batch)
    outputs += erasures.go_on(state, event, batch, forget_annotator)
    return outputs + summing.tell_all(state, event.timestamp)


def _erase(state: State, event: Event, side: str, batch: int) -> list[Output]:
    if event.value is None:
        return []
    if event.value.kind is not ErasureKind.annotator:
        raise Rejected("misrouted", f"kind: the annotator side keeps nothing of a {event.value.kind.value}")
    return erasures.take_up(state, event, side, batch, forget_annotator)


def _late(state: State, event: Event, remembered: int) -> list[Output] | None:
    if event.topic in {"annotations", "annotators"}:
        return erasures.late(state, event, ("annotator", event.value.annotator_id))
    if event.topic == "outcomes":
        # Its time tells when its vote was judged. It is about work from before, unless that work was taken in since.
        outcome: Judgement = event.value
        memory = erasures.recall(state, "annotator", outcome.annotator_id)
        if memory is not None and not is_known(state, outcome.annotator_id, outcome.annotation_id, remembered):
            return [erasures.dropped(memory, event)]
    return None


def _turn(stats: Stats, rules: Rules) -> bool:
    """Bring `stats.below` up to date; tell whether it changed."""
    below = checks.below_gold(stats.gold_n, stats.gold_correct, rules)
    turned = below != stats.below
    stats.below = below
    stats.turns += turned
    return turned


def _turned(event: Event, cause: Arrived | Judgement, stats: Stats, rules: Rules, cause_id: str) -> Output:
    kind = checks.BELOW if stats.below else checks.RECOVERED
    return quality_event(
        event_id=f"{cause.annotator_id}:{cause_id}:{kind}",
        kind=kind,
        annotator_id=cause.annotator_id,
        project=cause.project,
        policy_version=rules.policy_version,
        timestamp=event.timestamp,
        task_id=cause.task_id,
        annotation_id=cause.annotation_id,
        value=checks.rounded(FIXED * stats.gold_correct, stats.gold_n) / FIXED if stats.gold_n else None,
        threshold=rules.gold_accuracy / FIXED,
        n=stats.gold_n,
    )
