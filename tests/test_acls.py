"""The rights of each role, made from the topics; `tests/kafka/test_acls.py` puts them to the test."""

from __future__ import annotations

import pytest

from streams import cli
from streams.acls import ROLES, Operation, Pattern, Resource, Right, reaches, rights
from streams.dead_letters.letters import SOURCES
from streams.topics import TOPICS


def test_every_topic_from_clients_has_a_role_that_writes_it() -> None:
    assert all(topic.written_by for topic in TOPICS.values() if topic.from_clients)


def test_operators_write_what_dead_letters_are_replayed_to_but_no_gold_and_no_verdicts() -> None:
    replayed = {name for name, source in SOURCES.items() if not source.lossy} - {"gold", "reviews"}
    written = {name for name, topic in TOPICS.items() if "operator" in topic.written_by}
    assert written == replayed | {"dead-letters"}
    others = {name for name, topic in TOPICS.items() if set(topic.written_by) - {"operator"}}
    assert others == {name for name, topic in TOPICS.items() if topic.from_clients} | {"dead-letters"}


def test_administrators_forge_no_votes_scores_or_policies() -> None:
    written = {name for name, topic in TOPICS.items() if "administrator" in topic.written_by}
    assert written == {"projects", "annotators", "erasures.a", "erasures.t", "dead-letters"}


def test_nobody_gets_all_of_something_or_a_right_on_the_cluster() -> None:
    for role in ROLES:
        for right in rights("pilot", role):
            assert right.resource is not Resource.CLUSTER
            assert right.operation not in {Operation.ALL, Operation.DELETE, Operation.ALTER, Operation.ALTER_CONFIGS}
            assert right.name.startswith("pilot")
            assert reaches("pilot", right)


def test_a_namespace_s_rights_do_not_reach_into_another_whose_name_begins_alike() -> None:
    for role in ROLES:
        for right in rights("pilot", role):
            assert not reaches("pilot-2", right)
        for right in rights("pilot-2", role):
            assert not reaches("pilot", right)


@pytest.mark.parametrize(
    ("resource", "name", "pattern", "is_within"),
    [
        (Resource.TOPIC, "pilot.gold", Pattern.LITERAL, True),
        (Resource.TOPIC, "pilot", Pattern.PREFIXED, True),
        (Resource.TOPIC, "p", Pattern.PREFIXED, True),
        (Resource.TOPIC, "p", Pattern.LITERAL, False),
        (Resource.TOPIC, "*", Pattern.LITERAL, True),
        (Resource.TOPIC, "pilot2.gold", Pattern.LITERAL, False),
        (Resource.GROUP, "pilot", Pattern.LITERAL, True),
        (Resource.TRANSACTIONAL_ID, "pilot-tasks-3", Pattern.LITERAL, True),
        (Resource.TRANSACTIONAL_ID, "pilot-", Pattern.PREFIXED, True),
        (Resource.TRANSACTIONAL_ID, "pilot-operator-replay", Pattern.LITERAL, True),
        (Resource.TRANSACTIONAL_ID, "pilot-2-operator-replay", Pattern.LITERAL, False),
        (Resource.CLUSTER, "kafka-cluster", Pattern.LITERAL, True),
    ],
)
def test_what_reaches_a_namespace(resource: Resource, name: str, pattern: Pattern, is_within: bool) -> None:
    assert reaches("pilot", Right(resource, name, pattern, Operation.READ)) is is_within


def acls(*more: str) -> int:
    return cli.run(["topics", "acls", "--namespace", "pilot", *more])


def test_the_table_names_every_role_and_asks_no_broker(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--broker", "127.0.0.1:1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["role", "principal", "operation", "on", "name"]
    assert {line.split()[0] for line in lines[1:]} == set(ROLES)
    assert "gateway User:pilot-gateway Write topic pilot.annotations" in [" ".join(line.split()) for line in lines]
    assert not [line for line in lines if line.startswith("gateway") and ("gold" in line or "labels" in line)]


def test_the_commands_are_for_kafka_s_own_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--commands", "--principal", "reader=User:CN=ml team") == 0
    add = "kafka-acls.sh --bootstrap-server 127.0.0.1:9092 --add --allow-principal 'User:CN=ml team' --operation Read"
    assert capsys.readouterr().out.splitlines() == [
        f"{add} --topic pilot.labels",
        f"{add} --topic pilot.labels.latest",
        f"{add} --group pilot.reader --resource-pattern-type prefixed",
    ]


@pytest.mark.parametrize("pair", ["nobody=User:x", "reader", "reader=x", "=User:x"])
def test_a_principal_is_given_with_its_role(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--principal", pair) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "must be ROLE=User:NAME with a role of administrator, operator, producer, gold-keeper" in told
    assert repr(pair) in told
