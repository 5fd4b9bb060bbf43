"""How stories put things: answers, shares and counts in plain words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streams.printable import fit, plain, printable
from streams.why.found import Body

ANSWER_CELLS, TEXT_CELLS = 60, 300


def word(value: Any) -> str:
    """Return an id or an answer, printable and bounded."""
    return fit(printable(plain(value)), ANSWER_CELLS)


def text(value: Any) -> str:
    """Return a reason or an error, printable and bounded."""
    return fit(printable(plain(value)), TEXT_CELLS)


def share(value: Any) -> str:
    """Return a number between 0 and 1.

    What is almost sure is not told as sure.

    >>> share(0.934), share(1), share(0.9991), share(0.0004), share(None)
    ('.93', '1.00', 'over .99', 'under .01', 'unknown')
    """
    if not isinstance(value, int | float):
        return "unknown"
    if 0.995 <= value < 1:
        return "over .99"
    return "under .01" if 0 < value < 0.005 else f"{value:.2f}".removeprefix("0")


def number(value: Any) -> str:
    """Return any number of a quality event: a share to two digits, a count or a time as it is.

    >>> number(0.64), number(2), number(12.5), number(5.0)
    ('.64', '2', '12.5', '5')
    """
    if isinstance(value, float) and 0 < value < 1:
        return share(value)
    return f"{value:g}" if isinstance(value, float) else word(value)


def of(right: int, total: int) -> str:
    """Return a count of a total, with its share.

    >>> of(3, 4), of(0, 0)
    ('3 of 4 (.75)', 'none')
    """
    return f"{right:,} of {total:,} ({share(right / total)})" if total else "none"


def times(count: int) -> str:
    """Return how often.

    >>> times(1), times(2), times(30)
    ('once', 'twice', '30 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def counted(count: int, one: str, more: str = "") -> str:
    """Return a count with its noun.

    >>> counted(1, "vote"), counted(2, "vote")
    ('1 vote', '2 votes')
    """
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def listed(words: Iterable[str], most: int = 5) -> str:
    """Return words as people list them.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed("abcdefg")
    ('a', 'a, b and c', 'a, b, c, d, e and 2 more')
    """
    every = list(words)
    if len(every) > most:
        every = [*every[:most], f"{len(every) - most:,} more"]
    return f"{', '.join(every[:-1])} and {every[-1]}" if len(every) > 1 else "".join(every)


def codes(code: Any) -> str:
    """Return a code such as a flag in words.

    >>> codes("below_gold_threshold")
    'below gold threshold'
    """
    return word(code).replace("_", " ")


def answers(label: Body, *, with_confidence: bool = True) -> str:
    """Return what a label says, question by question where there are several; empty where it says nothing."""
    given = label.get("answers")
    if not isinstance(given, dict):
        return ""
    said = []
    for question_id, answer in given.items():
        if not isinstance(answer, dict) or answer.get("label") is None:
            continue
        name = word(answer["label"]) if len(given) == 1 else f"{word(question_id)} {word(answer['label'])}"
        confidence = answer.get("confidence")
        sure = f" ({share(confidence)})" if with_confidence and confidence is not None else ""
        said.append(f"{name}{sure}")
    return listed(said)


def number_in(body: Body, field: str) -> int:
    """Return a field that should be a whole number; 0 where it is none."""
    value = body.get(field, 0)
    return value if isinstance(value, int) else 0


GOLD_INCORRECT = "gold_incorrect"
EVENT_KNOWN = frozenset(
    {
        "schema_version",
        "event_id",
        "annotator_id",
        "project",
        "kind",
        "task_id",
        "annotation_id",
        "policy_version",
        "at",
    }
)


def quality_event(event: Body, why: str = "") -> str:
    """Return what was noticed, with its task, all its numbers and, where it is known, why.

    >>> quality_event({"kind": "too_fast", "task_id": "t1", "value": 2.0, "threshold": 5.0, "n": None})
    'too fast on t1 (value 2, threshold 5)'
    """
    where = f" on {word(event['task_id'])}" if event.get("task_id") else ""
    numbers = ", ".join(_numbers({name: value for name, value in event.items() if name not in EVENT_KNOWN}))
    return f"{codes(event.get('kind'))}{where}{f' ({numbers})' if numbers else ''}{f': {why}' if why else ''}"


def _numbers(body: Body, *, is_part: bool = False) -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict) and not is_part:
            yield from _numbers(value, is_part=True)
        elif value not in (None, []):
            yield f"{codes(name)} {listed(map(codes, value)) if isinstance(value, list) else number(value)}"


def dead_letter(told: Body) -> str:
    """Return why a record was refused, and what it was."""
    record = f"{told.get('topic')}/{told.get('partition')}/{told.get('offset')}"
    key = f" of {word(told['key'])}" if told.get("key") else ""
    again = f"; replayed as {word(told['replayed-as'])}" if told.get("replayed-as") else ""
    return f"{word(record)}{key} was refused as {word(told.get('reason'))}: {text(told.get('error'))}{again}"


def project(body: Body) -> str:
    """Return what an administrator did to a project; of a null value there is nothing."""
    if not body:
        return "project removed"
    return f"project {word(body.get('project'))} set to version {body.get('version', 1)}{decided(body)}"


def decided(body: Body) -> str:
    """Return who decided something and why, as far as the record tells."""
    actor = f" by {word(body['actor'])}" if body.get("actor") else ""
    reason = f": {text(body['reason'])}" if body.get("reason") else ""
    return f"{actor}{reason}"


def fared(outcome: Body) -> str:
    """Return how an answer fared.

    >>> fared({"kind": "consensus", "correct": False, "answer": "dog", "truth": "cat"})
    'against the others: dog, they say cat'
    """
    kind, right = outcome.get("kind"), outcome.get("correct")
    answer, truth = word(outcome.get("answer")), word(outcome.get("truth"))
    if kind == "consensus":
        return f"with the others: {answer}" if right else f"against the others: {answer}, they say {truth}"
    return f"right on {codes(kind)}: {answer}" if right else f"wrong on {codes(kind)}: {answer}, right is {truth}"


def judged(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return how answers fared, by what they were compared with: each kind's `n` and of those `right`.

    >>> judged({"consensus": {"n": 4, "right": 3}, "gold": {"n": 1, "right": 1}, "training": {"n": 0, "right": 0}})
    'right on gold 1 of 1 (1.00), with the others 3 of 4 (.75)'
    """
    kinds = sorted((kind for kind, count in counts.items() if count["n"]), key=lambda kind: (kind != "gold", kind))
    return ", ".join(
        f"{'with the others' if kind == 'consensus' else f'right on {codes(kind)}'} "
        f"{of(counts[kind]['right'], counts[kind]['n'])}"
        for kind in kinds
    )
