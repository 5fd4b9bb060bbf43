"""What a task or a partition may grow to, whatever its producers and annotators send."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from schemas import DeadLetter, Task
from streams.events import DEAD_VALUE_BYTES, ERROR_CHARS, KEY_BYTES, Output, Rejected, undecodable
from streams.quality import holding, votes
from streams.quality.decode import contract
from streams.quality.keys import key
from streams.quality.tasks import TaskSide
from tests.quality.campaign import Campaign, reasons, rejections

STATE_BYTES = 3_000_000
LABEL_BYTES = 400_000


def largest(campaign: Campaign) -> int:
    return max(len(value) for value in campaign.state.committed.values())


def test_long_answers_stay_below_what_a_changelog_record_takes() -> None:
    campaign = Campaign()
    campaign.publish(space={"type": "free_text", "max_chars": 100_000})
    refused = [rejections(campaign.vote(f"a{n}", "é" * 99_000)) for n in range(64)]
    assert "task_full" in {reason for letters in refused for reason, _ in letters}
    assert largest(campaign) < STATE_BYTES


def test_short_answers_are_never_refused_for_their_size() -> None:
    campaign = Campaign()
    campaign.publish()
    assert not [n for n in range(60) if rejections(campaign.vote(f"a{n}", "cat"))]
    assert votes.SMALL_BYTES * 200 < votes.ENTRIES_BYTES


def test_a_large_label_space_named_by_many_questions_is_refused() -> None:
    campaign = Campaign()
    campaign.settings(
        2, label_spaces={"s": {"type": "classification", "classes": [f"{n}" * 60 for n in range(10, 60)]}}
    )
    campaign.publish(questions=[{"question_id": f"q{n}", "label_space": "s"} for n in range(50)])
    answer = {f"q{n}": "10" * 60 for n in range(50)}
    assert reasons(campaign.vote("ann", answer)) == ["oversized"]
    assert largest(campaign) < STATE_BYTES


def test_questions_too_large_to_keep_are_refused() -> None:
    campaign = Campaign()
    classes = ["\U0001f642" * 190 + str(n) for n in range(10, 60)]
    asked = [{"question_id": f"q{n}", "label_space": {"type": "classification", "classes": classes}} for n in range(12)]
    assert reasons(campaign.publish(questions=asked)) == ["oversized"]


def dialogs(n: int, turn: dict[str, Any]) -> list[dict[str, Any]]:
    space = {"type": "multi_turn_dialog", "turns": {f"t{n}": turn for n in range(200)}}
    return [{"question_id": f"q{number}", "label_space": space} for number in range(n)]


@pytest.mark.parametrize(
    ("turn", "given"),
    [
        ({"type": "likert_scale", "min": 0, "max": 49}, lambda n: n),
        ({"type": "free_text"}, lambda n: chr(97 + n)),
        (
            {"type": "span_annotation", "labels": ["p"]},
            lambda n: [{"start": 8 * at + n, "end": 8 * at + n + 2, "label": "p"} for at in range(4)],
        ),
    ],
    ids=["ratings", "texts", "spans"],
)
def test_a_label_stays_below_what_a_record_takes(turn: dict[str, Any], given: Callable[[int], Any]) -> None:
    campaign = Campaign()
    campaign.settings(2, policy={"redundancy": 5, "max_redundancy": 5})
    asked = dialogs(7, turn)
    campaign.publish(questions=asked, task_type="multi_turn_dialog")
    answers = [
        {one["question_id"]: {"turns": {f"t{at}": given(n) for at in range(200)}} for one in asked} for n in range(5)
    ]
    outputs = [output for n, answer in enumerate(answers) for output in campaign.vote(f"a{n}", answer)]
    sizes = [len(output.value or b"") for output in outputs if output.topic == "labels"]
    assert sizes
    assert max(sizes) < LABEL_BYTES
    assert largest(campaign) < STATE_BYTES


def test_a_known_answer_too_large_to_keep_with_every_vote_is_refused() -> None:
    campaign = Campaign()
    campaign.publish(space={"type": "free_text", "max_chars": 100_000})
    assert reasons(campaign.gold("x" * 20_000)) == ["oversized"]


def test_what_waits_in_a_partition_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "PARTITION_BYTES", 2_000)
    campaign = Campaign(side=TaskSide())
    given_up = [reasons(campaign.vote("ann", "cat", task_id=f"t{n}")) for n in range(20)]
    assert ["unknown_task"] in given_up
    assert sum(len(value) for name, value in campaign.state.committed.items() if name.startswith(key("t", ""))) < 8_000


def test_a_task_with_the_most_votes_can_close_in_spite_of_non_answers() -> None:
    campaign = Campaign()
    campaign.settings(2, policy={"redundancy": 64, "max_redundancy": 64, "unusable_after": 2})
    campaign.publish()
    campaign.vote("other", None, non_answer="broken_item")
    for n in range(63):
        campaign.vote(f"a{n}", "cat")
    (label, _) = [output for output in campaign.vote("last", "cat") if output.topic.startswith("labels")]
    assert label.tag == "settled"


def test_an_annotation_id_can_be_used_by_every_annotator() -> None:
    campaign = Campaign()
    campaign.publish()
    assert rejections(campaign.vote("evil", "cat", annotation_id="same")) == []
    assert rejections(campaign.vote("bob", "cat", annotation_id="same")) == []


def test_many_errors_in_one_value_are_listed_in_no_time() -> None:
    space: dict[str, Any] = {"type": "classification", "classes": [1] * 60_000}
    raw = contract_bytes(questions=[{"question_id": "q", "label_space": space}])
    decode = contract(Task)
    started = time.process_time()
    with pytest.raises(Rejected, match="classes"):
        decode(raw)
    few = contract_bytes(questions=[{"question_id": "q", "label_space": space | {"classes": [1] * 6}}])
    assert time.process_time() - started < 0.5
    with pytest.raises(Rejected, match="classes"):
        decode(few)


def contract_bytes(**more: Any) -> bytes:
    fields = {"task_id": "t", "project": "p", "task_type": "classification", "prompt": "?"}
    return json.dumps(fields | more).encode()


def refused(key: bytes | None, value: bytes | None, error: str = "") -> Output:
    return undecodable(
        topic="tasks", partition=0, offset=7, timestamp=0, key=key, value=value, reason="invalid", error=error
    )


def test_a_dead_letter_is_one_printable_line_of_bounded_size() -> None:
    letter = refused(b"k" * 5_000, b"v" * 2_000_000, "a\nb\x1b[31m" + "x" * 10_000)
    told = DeadLetter.from_headers(letter.headers)
    assert told.error.isprintable()
    assert len(told.error) == ERROR_CHARS
    assert told.key == b"k" * KEY_BYTES
    assert told.cut_value
    assert letter.value == b"v" * DEAD_VALUE_BYTES
    assert not DeadLetter.from_headers(refused(b"", b"v" * DEAD_VALUE_BYTES).headers).cut_value


def test_a_dead_letter_is_never_a_tombstone_and_tells_null_from_empty() -> None:
    """Its topic compacts: under its own key a null value would erase it."""
    kept = {}
    for name in (None, b"", b"\xff"):
        for value in (None, b"", b"{}"):
            letter = refused(name, value)
            told = DeadLetter.from_headers(letter.headers)
            assert (letter.key, letter.value) == (b"tasks/0/7", value or b"")
            kept[told.key, told.null_value, letter.value] = (name, value)
    assert len(kept) == 9
