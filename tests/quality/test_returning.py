from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import schemas
from schemas import CONTRACTS
from streams.events import Rejected
from streams.quality.returning import Judgement, ScoredVote, reader

EXAMPLES = Path(schemas.__file__).parent / "examples"
READ = [("annotations.scored", ScoredVote), ("outcomes", Judgement)]


def json(value: object) -> object:
    """Return a value as JSON has it: tuples are lists there."""
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize(("topic", "type"), READ)
def test_what_is_read_is_what_the_contract_says(topic: str, type: type[msgspec.Struct]) -> None:
    contract = CONTRACTS[topic]
    read = reader(type)
    for line in (EXAMPLES / f"{topic}.jsonl").read_bytes().splitlines():
        whole = contract.model_validate_json(line).model_dump(mode="json")
        assert json(read(line)) == json({name: whole[name] for name in type.__struct_fields__})


@pytest.mark.parametrize(("topic", "type"), READ)
def test_a_missing_field_and_a_wrong_type_are_named(topic: str, type: type[msgspec.Struct]) -> None:
    read = reader(type)
    example = msgspec.json.decode((EXAMPLES / f"{topic}.jsonl").read_bytes().splitlines()[0])
    required = [field.name for field in msgspec.structs.fields(type) if field.required]
    for name in required:
        without = {key: value for key, value in example.items() if key != name}
        with pytest.raises(Rejected, match=name) as refused:
            read(msgspec.json.encode(without))
        assert refused.value.reason == "invalid"
        with pytest.raises(Rejected, match=name):
            read(msgspec.json.encode(example | {name: [7]}))


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"label":' + b"[" * 100_000])
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        reader(ScoredVote)(raw)
    assert refused.value.reason == "malformed_json"
