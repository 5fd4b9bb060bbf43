"""The story of a task, told from what the task side really writes."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from streams.why.folding import retold
from streams.why.lines import as_json
from streams.why.task_story import TaskStory
from tests.why.made import Told, found


@pytest.fixture
def told() -> Told:
    made = Told(redundancy=4)
    made.publish("t")
    made.publish("other")
    for who, answer in (("ann", "cat"), ("bob", "dog"), ("cy", "cat"), ("dee", "cat")):
        made.vote(who, answer)
    made.vote("ann", "fox", "other")
    return made


def texts(told: Told) -> list[str]:
    return [line.text for line in told.story()[0]]


def test_a_settled_task_is_told_from_its_votes_to_its_label_and_outcomes(told: Told) -> None:
    lines, summary = told.story()
    lines = [line for line in lines if line.kind != "evidence"]
    assert [line.kind for line in lines] == ["published", *["scored"] * 4, "label", *["outcome"] * 4]
    assert lines[0].text == "published in p: classification, asks q of cat, dog and fox"
    assert lines[1].text == "ann answered cat in 20 s; reliability .70 from 0 judged answers"
    assert lines[5].text == "label 1: settled as cat (.95); 4 votes, agreement .75, closed by redundancy"
    assert [line.text for line in lines[6:]] == [
        "ann is told: with the others: cat",
        "bob is told: against the others: dog, they say cat",
        "cy is told: with the others: cat",
        "dee is told: with the others: cat",
    ]
    assert summary == (
        "Settled as cat at 4 votes with confidence .95, because it has .75 of their weight, closed by redundancy; "
        "ann, cy and dee said cat; bob said dog."
    )


def test_each_label_says_what_it_follows_from_and_what_changed(told: Told) -> None:
    told.withdraw("cy")
    told.vote("eve", "cat")
    told.gold("fox")
    told.gold("dog")
    told.withdraw_gold()
    told.withdraw_task()
    labels = [line for line in told.story()[0] if line.kind == "label"]
    after = [re.sub(r".* after (.*?)( \[.*)?$", r"\1", line.text) for line in labels[1:]]
    assert after == [
        "cy withdrew the answer",
        "eve answered cat",
        "gold was set to fox",
        "gold was corrected from fox to dog",
        "gold was withdrawn",
        "the task was withdrawn",
    ]
    assert labels[1].more["changed"]["votes"] == [4, 3]
    assert "[status settled -> provisional, votes 4 -> 3, label cat (.95) -> none]" in labels[1].text
    summary = told.story()[1]
    assert summary.startswith("Withdrawn")
    assert "Superseded 6 times, at last: " in summary
    assert summary.count("became") == 3


def test_a_known_answer_is_why_it_is_settled(told: Told) -> None:
    told.gold("cat")
    lines, summary = told.story()
    assert summary.startswith("Settled as cat, because its answer is known; ann, cy and dee said cat; bob said dog.")
    assert "bob: gold incorrect on t (value .50): wrong on gold: dog, right is cat" in [line.text for line in lines]


def test_a_task_without_a_label_says_so() -> None:
    made = Told(redundancy=3)
    assert (
        TaskStory("t").summary()
        == "It was not published, as far as can be seen; it has no label yet; nobody has answered."
    )
    made.publish()
    assert made.story()[1] == "It has no label yet; nobody has answered."
    made.vote("ann", "cat")
    assert made.story()[1] == "It has no label yet; ann said cat."
    made.refuse("bob", "broken_item")
    made.refuse("cy", "broken_item")
    assert made.story()[1] == "Unusable at 1 vote: broken item, closed by non answers; ann said cat."


def test_gold_tasks_get_no_label() -> None:
    made = Told(redundancy=1)
    made.publish()
    made.gold("cat")
    made.vote("ann", "dog")
    assert made.story()[1] == (
        "It has no label yet (a task whose answer is known gets none); ann said dog. Its answer is known: cat."
    )


def test_what_was_refused_is_told(told: Told) -> None:
    told.vote("ann", "cat", annotation_id="ann-t-submit")
    told.vote("eve", "cow")
    lines, summary = told.story()
    assert [line.kind for line in lines[-4:]] == ["scored", "refused", "scored", "refused"]
    assert "of t was refused as label_outside_space: label: " in lines[-1].text
    assert summary.endswith("2 records about it refused: duplicate once and label outside space once.")


def test_what_was_told_before_is_in_one_line_with_what_takes_its_place(told: Told) -> None:
    told.gold("dog")
    lines, _ = told.story()
    fewer = list(retold(lines))
    assert "bob is told: right on gold: dog; before against the others: dog, they say cat" in [
        one.text for one in fewer
    ]
    assert not [one for one in fewer if "told no more" in one.text]
    assert [sum(one.kind == "outcome" for one in told) for told in (lines, fewer)] == [12, 8]
    told.withdraw("bob")
    taken = [one.text for one in retold(told.story()[0]) if "told no more" in one.text]
    assert taken == ["bob is told no more: right on gold: dog"]


def test_evidence_that_is_brought_up_to_date_at_once_is_in_one_line(told: Told) -> None:
    lines, _ = told.story()
    evidence = [line for line in lines if line.kind == "evidence"]
    assert len(evidence) > 2
    fewer = [line for line in retold(lines) if line.kind == "evidence"]
    assert [line.found.timestamp for line in fewer] == sorted({line.found.timestamp for line in evidence})
    assert "evidence on ann, bob and cy brought up to date" in [line.text for line in fewer]


def test_a_label_that_was_looked_at_again_says_so() -> None:
    story = TaskStory("t")
    story.tell(found("labels", {"version": 1, "status": "settled", "answers": {"q": {"label": "cat"}}}))
    again = {"version": 2, "status": "settled", "reason": "rescored", "answers": {"q": {"label": "dog"}}}
    line = story.tell(found("labels", again, 1))
    assert "after it was looked at again with what is known of its annotators by now [label cat -> dog]" in line.text


def test_the_newest_label_is_told_only_where_its_version_is_gone(told: Told) -> None:
    search = told.search("task", "t")
    versions = [one for one in search.all() if one.topic.startswith("labels")]
    assert [one.topic for one in versions] == ["labels"]
    search.found = [one for one in search.found if one.topic != "labels"]
    story = TaskStory("t")
    (line,) = [line for line in map(story.tell, search.all()) if line.kind == "label"]
    assert line.text.endswith("(its versions before this are no longer kept)")


def test_content_is_in_no_story_and_what_is_shown_is_printable() -> None:
    made = Told(redundancy=1)
    made.publish(prompt="a secret prompt", content={"x": "a secret picture"}, instructions="a secret")
    made.vote("an\u202en", "cat")
    made.vote("bob", "do\x1b[2Jg")
    lines, summary = made.story()
    for line in lines:
        assert line.text.isprintable()
        assert "secret" not in as_json("task", line).decode()
        assert json.loads(as_json("task", line))["topic"] == line.found.topic
    assert summary.isprintable()


@pytest.mark.parametrize("topic", ["tasks", "gold", "annotations.scored", "labels", "outcomes", "quality-events"])
def test_whatever_a_record_holds_it_is_told(topic: str) -> None:
    """Other releases write other fields, and whoever has the right may write anything."""
    odd = {
        "task_id": "t",
        "answers": [1],
        "questions": [1, {}],
        "votes": "x",
        "reliability": "y",
        "flags": None,
        "label": [1],
    }
    for body in ({}, odd, {**odd, "answers": {"q": 1, "r": {"label": 1}}, "status": "settled"}):
        story = TaskStory("t")
        lines = [story.tell(found(topic, body)), story.tell(found(topic, body, 1, -5))]
        assert all(line.text.isprintable() and msgspec.json.decode(as_json("task", line)) for line in lines)
        assert story.summary()


def test_a_verdict_is_told_with_who_and_why_and_is_the_cause_of_its_label(told: Told) -> None:
    body = {"task_id": "t", "project": "p", "verdict": "fix", "answer": "fox", "actor": "mara", "reason": "look twice"}
    told.apply("reviews", "t", body)
    lines, summary = told.story()
    (line,) = [line.text for line in lines if line.kind == "review"]
    assert line == "the label was fixed as fox by mara: look twice"
    assert "after mara fixed the label as fox" in summary


def test_votes_taken_back_are_the_cause_of_what_follows(told: Told) -> None:
    body = {"retraction_id": "annotators/0/1", "annotator_id": "ann", "until": 2**50, "actor": "mara", "reason": "sold"}
    told.apply("retractions", "ann", body)
    _, summary = told.story()
    assert "after somebody's votes were taken back" in summary


def test_a_changed_label_space_is_the_cause_of_its_label_and_tells_of_gold_that_went(told: Told) -> None:
    told.settings(2, label_spaces={"pets": {"type": "classification", "classes": ["cat", "dog", "fox"]}})
    told.publish("s", "pets")
    for who in ("a0", "a1", "a2"):
        told.vote(who, "cat", "s")
    told.publish("g", "pets")
    told.gold("fox", "g")
    before, after = ({"type": "classification", "classes": names} for names in (["cat", "dog", "fox"], ["tom", "dog"]))
    change = {"number": 1, "space": "pets", "before": before, "after": after, "mapping": {"cat": ["tom"], "fox": []}}
    change |= {"change_id": "projects/0/2", "actor": "mara", "reason": "guide v3"}
    told.apply("globals.t", "change", {"project": "p", "version": 1, "policy_version": 3, "change": change})
    _, summary = told.story("s")
    assert "after the classes of its label space were changed" in summary
    lines, _ = told.story("g")
    (line,) = [line.text for line in lines if line.kind == "quality"]
    assert line.startswith("gold withdrawn on g (")
