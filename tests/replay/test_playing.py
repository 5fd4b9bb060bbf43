"""A history through the sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import CONTRACTS, DeadLetter
from streams.events import DEAD_LETTERS, Output
from streams.quality.keys import key
from streams.quality.rescoring import Round
from streams.quality.task_state import Task, task_key
from streams.replay import loop, playing
from streams.replay.loop import Loop
from streams.replay.orders import Order
from streams.replay.playing import Plan, Played, gold_of, play
from streams.replay.results import figures_of
from tests.quality.harness import MemoryState
from tests.replay.histories import history, simulated

ROWS = ("t1 ann duck", "t1 bob duck", "t2 ann swan", "t1 cy duck", "t2 bob swan", "t2 cy swan")


def labels(played: Played) -> dict[str, dict[str, Any]]:
    return {task: msgspec.json.decode(raw) for task, raw in played.newest.items()}


def answers(played: Played) -> dict[str, tuple[str, Any, int]]:
    """Return status, label and votes by task."""
    return {
        task: (label["status"], label["answers"].get("label", {}).get("label"), label["votes"])
        for task, label in labels(played).items()
    }


def test_with_all_votes_a_task_closes_at_its_last_one() -> None:
    played = play(*history([*ROWS, "t3 ann duck"]), Plan(), 0)
    assert answers(played) == {"t1": ("settled", "duck", 3), "t2": ("settled", "swan", 3), "t3": ("settled", "duck", 1)}


def test_with_a_redundancy_the_votes_beyond_it_do_not_count() -> None:
    played = play(*history(["t1 ann duck", "t1 bob duck", "t1 cy swan"]), Plan(redundancy=2), 0)
    assert msgspec.json.decode(played.first["t1"])["closed_by"] == "redundancy"
    assert answers(played) == {"t1": ("settled", "duck", 2)}
    assert not played.refused


def test_no_task_waits_for_more_votes_than_it_has() -> None:
    played = play(*history(["t1 ann duck", "t1 bob duck", "t2 ann swan"]), Plan(redundancy=3), 0)
    assert answers(played) == {"t1": ("settled", "duck", 2), "t2": ("settled", "swan", 1)}


def test_a_second_answer_of_a_worker_replaces_the_first() -> None:
    rows = ("t1 ann swan", "t1 bob duck", "t1 ann duck")
    for seed in range(4):
        found, names = history(rows)
        played = play(found, names, Plan(order=Order.random), seed)
        assert answers(played)["t1"] == ("settled", "duck", 2)
        assert not played.refused


def test_gold_is_told_gets_no_label_and_is_not_scored() -> None:
    found, names = history(ROWS, truth=("t1 duck", "t2 duck"))
    played = play(found, names, Plan(gold_share=0.5), 0)
    (gold,) = played.gold
    assert set(played.newest) == {"t1", "t2"} - {gold}
    task = played.tables["tasks"].get(task_key(gold), Task)
    assert task is not None
    assert [told.kind for entry in task.entries for told in entry.told if told] == ["gold"] * 3
    assert figures_of(found, names, played).accuracy == (1.0 if gold == "t2" else 0.0)


def test_gold_is_drawn_by_seed_from_what_may_be_answered() -> None:
    found, names = history(
        [f"t{n} ann {'duck' if n % 2 else 'swan'}" for n in range(40)], [f"t{n} duck" for n in range(30)]
    )
    drawn = gold_of(found, names, 0.2, 1)
    assert len(drawn) == 6
    assert drawn == gold_of(found, names, 0.2, 1) != gold_of(found, names, 0.2, 2)
    unknown, _ = history(ROWS, truth=("t1 goose", "t2 duck"))
    assert gold_of(unknown, names, 1.0, 0) == ["t2"]


def test_the_sixty_fifth_vote_is_benched_and_a_flood_is_refused_and_counted() -> None:
    found, names = history([f"t1 w{n} {'duck' if n % 3 else 'swan'}" for n in range(140)])
    played = play(found, names, Plan(), 0)
    assert answers(played)["t1"] == ("settled", "duck", 64)
    assert played.refused == {"bench_full": 140 - 128}


def test_outcomes_come_later_by_so_many_annotations() -> None:
    rows = [f"t{n} {who} duck" for n in range(8) for who in ("ann", "bob", "cy")] + ["t9 ann swan"]

    def known_of_ann(delay: int) -> int:
        seen: list[int] = []

        class Watching(Played):
            def take(self, output: Output) -> None:
                super().take(output)
                if output.topic == "annotations.scored" and output.value is not None and b'"ann"' in output.value:
                    seen.append(msgspec.json.decode(output.value)["reliability_n"])

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(playing, "Played", Watching)
            play(*history(rows), Plan(outcome_delay=delay), 0)
        return seen[-1]

    assert known_of_ann(0) == 8
    assert known_of_ann(4) == 7
    assert known_of_ann(100) == 0


def test_live_structs_do_what_committed_bytes_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, names = simulated(tmp_path, "adversaries", tasks=60)
    plan = Plan(order=Order.random, gold_share=0.1, redundancy=3)

    def outputs() -> list[Output]:
        sent: list[Output] = []

        class Keeping(Played):
            def take(self, output: Output) -> None:
                super().take(output)
                sent.append(output)

        monkeypatch.setattr(playing, "Played", Keeping)
        play(found, names, plan, 1)
        return sent

    live = outputs()

    class Committing(Loop):
        def _step(self, record: Output) -> list[Output]:
            made = super()._step(record)
            for table in self.tables.values():
                assert isinstance(table, MemoryState)
                table.commit()
            return made

    monkeypatch.setattr(
        playing, "Loop", lambda take, outcome_delay: Committing(take, outcome_delay=outcome_delay, table=MemoryState)
    )
    assert outputs() == live
    assert any(output.topic == "labels" for output in live)


def test_what_flows_between_the_sides_keeps_to_the_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, names = simulated(tmp_path, "skewed-90", tasks=40)
    topics = set()

    class Checking(Played):
        def take(self, output: Output) -> None:
            super().take(output)
            topics.add(output.topic)
            if output.topic == DEAD_LETTERS:
                DeadLetter.from_headers(list(output.headers))
            elif output.value is not None:
                CONTRACTS[output.topic].model_validate_json(output.value)

    monkeypatch.setattr(playing, "Played", Checking)
    play(found, names, Plan(gold_share=0.2), 0)
    assert {"annotations.scored", "outcomes", "labels", "globals.a", "globals.t"} <= topics
    assert loop.DELAYED in topics


def test_it_ends_when_the_sides_are_at_rest(tmp_path: Path) -> None:
    found, names = simulated(tmp_path, "skewed-90", tasks=1_300, redundancy=1)
    played = play(found, names, Plan(order=Order.random), 0)
    standing = played.tables["tasks"].get(key("n"), Round)
    assert standing is not None
    assert (standing.left, standing.is_busy) == (0, False)


def test_a_seed_gives_the_same_labels_again(tmp_path: Path) -> None:
    found, names = simulated(tmp_path, "correlated", tasks=80)
    plan = Plan(order=Order.tasks, gold_share=0.1)
    assert play(found, names, plan, 5).newest == play(found, names, plan, 5).newest
