"""The story of a task: its votes, its gold, each version of its label, and what changed it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from streams.why.found import Body, Found, Kind
from streams.why.label_words import became, changed_fields, changes_text, closed, over, stated
from streams.why.lines import EVIDENCE, Line
from streams.why.wording import (
    GOLD_INCORRECT,
    answers,
    codes,
    counted,
    dead_letter,
    decided,
    fared,
    listed,
    number,
    number_in,
    project,
    quality_event,
    share,
    times,
    word,
)

CONTENT: Final = frozenset({"prompt", "content", "instructions"})
"""What people are shown of a task: it is no part of its story."""
KNOWN: Final = "gold"
"""What closes a label whose task has a known answer."""
TOLD_CHANGES = 3
_VERDICTS: Final = {"accept": "accepted", "fix": "fixed", "reject": "rejected", "return": "returned"}


class TaskStory:
    """Tells one task."""

    kind: Kind = "task"

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id
        self._causes: dict[int, list[str]] = {}
        self._votes: dict[str, str] = {}
        self._label: Body | None = None
        self._changes: list[str] = []
        self._gold: str | None = None
        self._is_published = self._is_withdrawn = False
        self._flagged: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._wrong: dict[str, str] = {}
        self._project = ""

    def tell(self, found: Found) -> Line:
        """Return the line of a record."""
        body = found.body or {}
        self._project = str(body.get("project") or self._project)
        match found.topic:
            case "projects":
                line = Line(found, "project", project(body))
                self._cause(found, "the project's settings changed")
            case "tasks":
                line = self._published(found, body)
            case "gold":
                line = self._told_gold(found, body)
            case "reviews":
                line = self._reviewed(found, body)
            case "annotations.scored":
                line = self._scored(found, body)
            case "labels" | "labels.latest":
                line = self._labelled(found, body)
            case "outcomes":
                line = self._outcome(found, body)
            case "quality-events":
                wrong = (
                    self._wrong.get(str(body.get("annotation_id")), "") if body.get("kind") == GOLD_INCORRECT else ""
                )
                who = f"{word(body['annotator_id'])}: " if body.get("annotator_id") else ""
                line = Line(found, "quality", f"{who}{quality_event(body, wrong)}")
            case _:
                self._refused[str(body.get("reason"))] += 1
                line = Line(found, "refused", dead_letter(body))
        return msgspec.structs.replace(line, project=self._project)

    def summary(self) -> str:
        """Return what it came to, and why."""
        parts = [self._standing()]
        if self._gold is not None and (self._label or {}).get("closed_by") != KNOWN:
            parts.append(f"its answer is known: {self._gold}")
        if self._changes:
            told = self._changes[-TOLD_CHANGES:]
            last = "" if len(told) == len(self._changes) else ", at last"
            parts.append(f"superseded {times(len(self._changes))}{last}: {'; '.join(told)}")
        if self._flagged:
            parts.append(f"flagged: {listed(f'{codes(flag)} {times(n)}' for flag, n in _sorted(self._flagged))}")
        if self._refused:
            total = counted(sum(self._refused.values()), "record")
            reasons = (f"{codes(reason)} {times(n)}" for reason, n in _sorted(self._refused))
            parts.append(f"{total} about it refused: {listed(reasons)}")
        return f"{'. '.join(part[:1].upper() + part[1:] for part in parts)}."

    def _standing(self) -> str:
        votes = self._told_votes()
        label = self._label
        if label is None:
            if self._is_withdrawn:
                return "it was withdrawn, and had no label"
            where = "" if self._is_published else "it was not published, as far as can be seen; "
            why = " (a task whose answer is known gets none)" if self._gold is not None else ""
            return f"{where}it has no label yet{why}; {votes or 'nobody has answered'}"
        status, said = label.get("status"), answers(label, with_confidence=False)
        count = counted(number_in(label, "votes"), "vote")
        if status == "settled" and said:
            if label.get("closed_by") == KNOWN:
                return f"settled as {said}, because its answer is known; {votes or 'nobody has answered'}"
            confidence, agreement = over(label, "confidence"), over(label, "agreement")
            sure = f" with confidence {confidence}" if confidence else ""
            because = f", because it has {agreement} of their weight" if agreement else ""
            return f"settled as {said} at {count}{sure}{because}{closed(label)}{f'; {votes}' if votes else ''}"
        reason = codes(label.get("reason"))
        return f"{codes(status)} at {count}: {reason}{closed(label)}{f'; {votes}' if votes else ''}"

    def _told_votes(self) -> str:
        by_answer: dict[str, list[str]] = {}
        for annotator, answer in self._votes.items():
            by_answer.setdefault(answer, []).append(annotator)
        return "; ".join(
            f"{listed(by_answer[answer])} said {answer}"
            for answer in sorted(by_answer, key=lambda answer: (-len(by_answer[answer]), answer))
        )

    def _cause(self, found: Found, what: str) -> None:
        self._causes.setdefault(found.timestamp, []).append(what)

    def _published(self, found: Found, body: Body) -> Line:
        if found.value is None:
            self._is_withdrawn = True
            self._cause(found, "the task was withdrawn")
            return Line(found, "withdrawn", "task withdrawn")
        again = "again " if self._is_published else ""
        self._is_published, self._is_withdrawn = True, False
        self._cause(found, "the task was published")
        asked = listed(_questions(body))
        said = f"published {again}in {word(body.get('project'))}: {codes(body.get('task_type'))}, asks {asked}"
        kept = {name: value for name, value in body.items() if name not in CONTENT}
        return Line(msgspec.structs.replace(found, value=msgspec.json.encode(kept)), "published", said)

    def _told_gold(self, found: Found, body: Body) -> Line:
        if found.value is None:
            before, self._gold = self._gold, None
            self._cause(found, "gold was withdrawn")
            return Line(found, "gold", f"gold withdrawn{f', which was {before}' if before else ''}")
        answer = word(body.get("answer"))
        kind = word(body.get("kind", "gold"))
        before, self._gold = self._gold, answer
        changed = f"corrected from {before} to" if before not in (None, answer) else "set to"
        self._cause(found, f"{kind} was {changed} {answer}")
        return Line(found, "gold", f"{kind} {changed} {answer}")

    def _reviewed(self, found: Found, body: Body) -> Line:
        said = _VERDICTS.get(str(body.get("verdict")), codes(body.get("verdict")))
        fix = f" as {word(body.get('answer'))}" if body.get("answer") is not None else ""
        gold = ", which became gold" if body.get("becomes_gold") is True else ""
        self._cause(found, f"{word(body.get('actor'))} {said} the label{fix}{gold}")
        return Line(found, "review", f"the label was {said}{fix}{gold}{decided(body)}")

    def _scored(self, found: Found, body: Body) -> Line:
        who, action = word(body.get("annotator_id")), body.get("action", "submit")
        if action == "withdraw":
            self._votes.pop(who, None)
            self._cause(found, f"{who} withdrew the answer")
            return Line(found, "scored", f"{who} withdrew the answer")
        if body.get("non_answer") is not None:
            self._votes.pop(who, None)
            why = codes(body["non_answer"])
            self._cause(found, f"{who} could not answer ({why})")
            return Line(found, "scored", f"{who} could not answer: {why}")
        answer = word(body.get("label"))
        changed = self._votes.get(who) is not None
        self._votes[who] = answer
        self._cause(found, f"{who} changed the answer to {answer}" if changed else f"{who} answered {answer}")
        flags = [str(flag) for flag in body.get("flags") or ()]
        self._flagged.update(flags)
        judged = f" from {counted(number_in(body, 'reliability_n'), 'judged answer')}"
        standing = body.get("standing", "active")
        notes = [
            f"in {number(body.get('time_spent_s'))} s",
            f"reliability {share(body.get('reliability'))}{judged}",
            *([f"quality score {share(body['quality_score'])}"] if body.get("quality_score", 1) != 1 else []),
            *([f"flags: {listed(map(codes, flags))}"] if flags else []),
            *([f"standing {codes(standing)}"] if standing != "active" else []),
        ]
        verb = "changed the answer to" if changed else "answered"
        return Line(found, "scored", f"{who} {verb} {answer} {'; '.join(notes)}")

    def _labelled(self, found: Found, body: Body) -> Line:
        if found.value is None:
            return Line(found, "erased", "the newest label was erased")
        before, self._label = self._label, body
        version, cause = body.get("version"), self._why(found, before, body)
        said = f"label {version}: {stated(body)}"
        more: Body = {}
        if before is not None:
            changed = changed_fields(before, body)
            self._changes.append(f"{became(before, body)}{cause}")
            more = {"changed": changed}
            differences = changes_text(changed)
            said += f"{cause}{f' [{differences}]' if differences else ''}"
        if found.topic == "labels.latest":
            said += " (its versions before this are no longer kept)"
        return Line(found, "label", said, more=more)

    def _why(self, found: Found, before: Body | None, after: Body) -> str:
        """Return what the label follows from: what has its time; within one millisecond it may be any of several."""
        if after.get("reason") == "rescored":
            return " after it was looked at again with what is known of its annotators by now"
        if after.get("reason") == "votes_retracted":
            return " after somebody's votes were taken back"
        if after.get("reason") == "label_space_changed":
            return " after the classes of its label space were changed"
        causes = self._causes.get(found.timestamp)
        if causes:
            return f" after {' and '.join(dict.fromkeys(causes))}"
        if before is not None and before.get("policy_version") != after.get("policy_version"):
            return f" under version {after.get('policy_version')} of the project's settings"
        return ""

    def _outcome(self, found: Found, body: Body) -> Line:
        who, sign = word(body.get("annotator_id")), body.get("sign")
        if body.get("correct") is None:
            return Line(found, EVIDENCE, f"evidence on {who} brought up to date", more={"whose": who})
        verdict = fared(body)
        if body.get("kind") == KNOWN and not body.get("correct"):
            self._wrong[str(body.get("annotation_id"))] = verdict
        said = f"{who} is told: {verdict}" if sign == 1 else f"{who} is told no more: {verdict}"
        return Line(found, "outcome", said)


def _questions(task: Body) -> Iterable[str]:
    for question in task.get("questions") or ():
        if not isinstance(question, dict):
            continue
        space = question.get("label_space")
        classes = space.get("classes") if isinstance(space, dict) else None
        among = f" of {listed(map(word, classes))}" if isinstance(classes, list) else ""
        yield f"{word(question.get('question_id'))}{among}"


def _sorted(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda one: (-one[1], one[0]))
