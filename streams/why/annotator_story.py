"""The story of an annotator: decisions about them, what was noticed, and how their answers fared. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from streams.why.found import Body, Found, Kind
from streams.why.label_words import became
from streams.why.lines import EVIDENCE, Line
from streams.why.wording import (
    GOLD_INCORRECT,
    codes,
    counted,
    dead_letter,
    decided,
    fared,
    judged,
    listed,
    project,
    quality_event,
    share,
    text,
    times,
    word,
)

Counts = dict[str, dict[str, int]]
"""Outcomes told and not taken back: kind to `n`, and to how many of those were `right`."""

SPEED: Final = frozenset({"too_fast", "too_slow"})
_PROFILE: Final = ("tier", "active", "kind", "pseudonym", "specializations")
_DEFAULTS: Final[Mapping[str, object]] = {"tier": "crowd", "active": True, "kind": "human"}
TOLD_LABELS = 3


class AnnotatorStory:
    """Tells one annotator.

    Parameters
    ----------
    annotator_id : str
    superseded : mapping of coordinates to label
        Of each label version that follows from an answer of theirs, the version before it, as far as it is known.
    """

    kind: Kind = "annotator"

    def __init__(self, annotator_id: str, superseded: Mapping[str, Body | None] | None = None) -> None:
        self._annotator_id = annotator_id
        self._superseded = superseded or {}
        self._profile: Body | None = None
        self._decided: Body | None = None
        self._answers = 0
        self._tasks: set[str] = set()
        self._reliability: dict[str, object] = {}
        self._counts: dict[str, Counts] = {}
        self._noticed: Counter[str] = Counter()
        self._standing: dict[str, str] = {}
        self._did: dict[tuple[str, int], str] = {}
        self._wrong: dict[str, str] = {}
        self._labels: list[str] = []
        self._refused: Counter[str] = Counter()

    def tell(self, found: Found) -> Line:
        """Return the line of a record."""
        body = found.body or {}
        match found.topic:
            case "projects":
                line = Line(found, "project", project(body))
            case "annotators":
                line = self._administered(found, body)
            case "annotations.scored":
                line = self._scored(found, body)
            case "outcomes":
                line = self._outcome(found, body)
            case "quality-events":
                line = self._event(found, body)
            case "labels":
                line = self._label(found, body)
            case _:
                self._refused[str(body.get("reason"))] += 1
                line = Line(found, "refused", dead_letter(body))
        return msgspec.structs.replace(line, project=str(body.get("project") or ""))

    def summary(self) -> str:
        """Return what it came to."""
        parts = [self._known_as()]
        if self._answers:
            parts.append(f"answered {times(self._answers)} on {counted(len(self._tasks), 'task')}")
        for name in sorted(self._counts):
            reliability = self._reliability.get(name)
            weighs = f", reliability {share(reliability)} when last scored" if reliability is not None else ""
            parts.append(f"in {word(name)}: {judged(self._counts[name]) or 'nothing judged'}{weighs}")
        if self._noticed:
            noticed = sorted(self._noticed.items(), key=lambda one: (-one[1], one[0]))
            parts.append(f"noticed: {listed((f'{codes(kind)} {times(n)}' for kind, n in noticed), most=8)}")
        parts += [f"now {standing} in {where}" for where, standing in sorted(self._standing.items())]
        if self._labels:
            told = self._labels[-TOLD_LABELS:]
            total = counted(len(self._labels), "label")
            last = "" if len(told) == len(self._labels) else ", at last"
            parts.append(f"{total} superseded after what they did{last}: {'; '.join(told)}")
        if self._refused:
            total = counted(sum(self._refused.values()), "record")
            reasons = sorted(self._refused.items(), key=lambda one: (-one[1], one[0]))
            parts.append(
                f"{total} about them refused: {listed(f'{codes(reason)} {times(n)}' for reason, n in reasons)}"
            )
        return f"{'. '.join(part[:1].upper() + part[1:] for part in parts)}."

    def _known_as(self) -> str:
        if self._profile is None:
            return f"annotator {word(self._annotator_id)} has no entry by an administrator that can be seen"
        profile = {**_DEFAULTS, **self._profile}
        state = "active" if profile["active"] else "not active"
        last = "" if self._decided is None else f", last decided{decided(self._decided)}"
        known = f"{word(profile['kind'])}, tier {word(profile['tier'])}, {state}"
        return f"annotator {word(self._annotator_id)} is {known}{last}"

    def _administered(self, found: Found, body: Body) -> Line:
        before, now = self._profile, {name: body.get(name, _DEFAULTS.get(name)) for name in _PROFILE}
        self._profile, self._decided = now, body
        if before is None:
            state = "active" if now["active"] else "not active"
            what = f"entered as {word(now['kind'])}, tier {word(now['tier'])}, {state}"
        else:
            what = listed(
                _profile_change(name, before[name], now[name]) for name in _PROFILE if before[name] != now[name]
            )
        asked = body.get("retract_votes")
        if isinstance(asked, dict):
            where = f" in {word(asked['project'])}" if asked.get("project") else ""
            since = f" since {word(asked['since'])}" if asked.get("since") else ""
            what = f"{what + '; ' if what else ''}votes taken back{where}{since}"
        return Line(found, "decided", f"{what or 'confirmed as before'}{decided(body)}")

    def _scored(self, found: Found, body: Body) -> Line:
        name, task_id = str(body.get("project")), word(body.get("task_id"))
        self._reliability[name] = body.get("reliability")
        action = body.get("action", "submit")
        if action == "withdraw":
            did = "withdrew the answer"
        else:
            self._answers += 1
            self._tasks.add(task_id)
            said = codes(body["non_answer"]) if body.get("non_answer") is not None else word(body.get("label"))
            did = f"{'changed the answer to' if action == 'edit' else 'answered'} {said}"
        self._did[task_id, found.timestamp] = did
        return Line(found, "scored", f"{did} on {task_id}; reliability {share(body.get('reliability'))}")

    def _outcome(self, found: Found, body: Body) -> Line:
        name = str(body.get("project"))
        if body.get("correct") is None:
            return Line(found, EVIDENCE, f"evidence from {word(body.get('task_id'))} brought up to date")
        counts = self._counts.setdefault(name, {})
        count(counts, body)
        taken = "" if body.get("sign") == 1 else "taken back: "
        if body.get("kind") == "gold" and not body.get("correct"):
            self._wrong[str(body.get("annotation_id"))] = fared(body)
        said = f"{taken}{fared(body)} on {word(body.get('task_id'))}; in all now {judged(counts) or 'nothing judged'}"
        return Line(found, "outcome", said, more={"counts": {kind: {**of_kind} for kind, of_kind in counts.items()}})

    def _event(self, found: Found, body: Body) -> Line:
        kind = str(body.get("kind"))
        self._noticed[kind] += 1
        if kind.startswith("standing_"):
            where = f"{word(body.get('project'))}{f', {codes(about)}' if (about := body.get('task_type')) else ''}"
            self._standing[where] = codes(kind.removeprefix("standing_"))
        wrong = self._wrong.get(str(body.get("annotation_id")), "") if kind == GOLD_INCORRECT else ""
        return Line(found, "speed" if kind in SPEED else "quality", quality_event(body, wrong))

    def _label(self, found: Found, body: Body) -> Line:
        task_id = word(body.get("task_id"))
        did = self._did.get((task_id, found.timestamp), "answered")
        what = f"{became(self._superseded.get(found.place), body)} after they {did}"
        self._labels.append(f"{task_id}: {what}")
        return Line(found, "label", f"label of {task_id}: {what}")


def count(counts: Counts, outcome: Body) -> None:
    """Count an outcome, or take it back."""
    sign = -1 if outcome.get("sign") == -1 else 1
    of_kind = counts.setdefault(str(outcome.get("kind")), {"n": 0, "right": 0})
    of_kind["n"] += sign
    of_kind["right"] += sign * bool(outcome.get("correct"))


def _profile_change(name: str, before: object, now: object) -> str:
    if name == "active":
        return "made active" if now else "made inactive"
    return f"{name} {text(before) or 'none'} -> {text(now) or 'none'}"
