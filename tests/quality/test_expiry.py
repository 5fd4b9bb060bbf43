"""The queues against a plain list, after every operation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.quality.expiry import Chunk, append, oldest, remove
from tests.quality.harness import MemoryState


@given(st.lists(st.one_of(st.none(), st.floats(0, 0.999)), max_size=400), st.booleans())
def test_a_queue_is_first_in_first_out_whatever_is_removed(operations: list[float | None], commit: bool) -> None:
    state = MemoryState()
    expected: list[tuple[str, int]] = []
    chunks: dict[str, int] = {}
    for at, operation in enumerate(operations):
        if operation is None or not expected:
            task_id = f"t{at}"
            chunks[task_id] = append(state, "queue", task_id, at)
            expected.append((task_id, at))
        else:
            task_id, _ = expected.pop(int(operation * len(expected)))
            remove(state, "queue", chunks.pop(task_id), task_id)
        if commit:
            state.commit()
        assert oldest(state, "queue") == (expected[0] if expected else None)
    while expected:
        task_id, _ = expected.pop(0)
        remove(state, "queue", chunks[task_id], task_id)
        assert oldest(state, "queue") == (expected[0] if expected else None)
    state.commit()
    assert state.committed == {}


@given(st.permutations(range(300)))
def test_a_long_queue_keeps_its_order_whatever_is_removed(removed: list[int]) -> None:
    state = MemoryState()
    chunks = [append(state, "queue", f"t{at}", at) for at in range(300)]
    left = set(range(300))
    for at in removed:
        remove(state, "queue", chunks[at], f"t{at}")
        left.discard(at)
        assert oldest(state, "queue") == ((f"t{min(left)}", min(left)) if left else None)
    state.commit()
    assert state.committed == {}


def test_chunks_stay_small() -> None:
    state = MemoryState()
    for at in range(1_000):
        append(state, "queue", f"t{at}", at)
    tail = state.get("q\x1fqueue\x1f16", Chunk)
    assert tail is not None
    assert len(tail.entries) == 1_000 - 15 * 64
