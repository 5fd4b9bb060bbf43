"""The parts of faust-streaming and aiokafka that the engine relies on, beyond what they promise.

Both are pinned. When an upgrade moves one of these, the test of that name fails and says which.
"""

from __future__ import annotations

import inspect
import re
import struct
from importlib.metadata import version
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.record import MemoryRecords
from faust.app.base import App as FaustApp
from faust.serializers.schemas import Schema
from faust.stores.base import Store
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from mode.services import Service

from streams.app import create_app
from streams.engine.batches import BatchSchema
from streams.engine.fetched import FetchedRecords
from streams.engine.membership import NamedHeartbeat
from streams.engine.table import PartitionedStore
from streams.engine.table import Recovery as OwnRecovery
from streams.engine.table import TableManager as OwnTableManager
from streams.engine.transport import Consumer, ConsumerThread, Transport
from streams.settings import Settings
from tests.kafka.raw_batches import batch, record


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_versions_are_the_pinned_ones() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


def test_a_transport_names_its_consumer_and_producer_and_an_app_takes_a_transport() -> None:
    app = create_app(Settings()).app
    assert isinstance(app.transport, Transport)
    assert app.producer_transport is app.transport
    assert driver.Transport.Consumer is driver.Consumer
    assert isinstance(app.consumer, Consumer)


def test_the_consumer_fetches_in_its_thread_through_fetch_records() -> None:
    assert parameters(driver.AIOKafkaConsumerThread._fetch_records) == [
        "self",
        "consumer",
        "active_partitions",
        "timeout",
        "max_records",
    ]
    source = inspect.getsource(driver.AIOKafkaConsumerThread.getmany)
    assert "call_thread" in source
    assert "_fetch_records" in source


def test_records_and_their_position_are_taken_from_the_fetcher_without_a_pause_between() -> None:
    """A seek in the thread cannot come between the records of a fetch and the position after them."""
    source = inspect.getsource(Fetcher.fetched_records)
    taken = source.index("getall(")
    assert "await" not in source[taken : source.index("return drained", taken)]


def test_the_worker_consumer_takes_isolation_wait_and_reset_when_it_starts() -> None:
    constructor = inspect.getsource(AIOKafkaConsumer.__init__)
    start = inspect.getsource(AIOKafkaConsumer.start)
    for name in ("_isolation_level", "_fetch_max_wait_ms", "_auto_offset_reset"):
        assert f"self.{name} = " in constructor
        assert f"self.{name}" in start


def test_one_record_of_the_map_becomes_one_message() -> None:
    assert parameters(driver.Consumer._to_message) == ["self", "tp", "record"]
    assert "to_message(tp, record)" in inspect.getsource(faust_consumer.Consumer.getmany)


def test_offsets_are_committed_only_through_new_offset() -> None:
    assert "self._new_offset(tp)" in inspect.getsource(faust_consumer.Consumer)
    app = create_app(Settings()).app
    assert cast(Consumer, app.consumer)._new_offset(cast(Any, None)) is None


def test_perform_seek_seeks_through_seek_to_committed_and_resets_what_was_read() -> None:
    source = inspect.getsource(faust_consumer.Consumer.perform_seek)
    assert "await self.seek_to_committed()" in source
    assert "_read_offset" in source
    assert "_read_offset" in inspect.getsource(faust_consumer.Consumer._drain_messages)


def test_recovery_awaits_the_store_before_it_resumes_and_seeks() -> None:
    source = inspect.getsource(Recovery.on_recovery_completed)
    opened = source.index("await asyncio.wait(callback_coros)")
    assert source.index("table.on_recovery_completed(") < opened
    assert opened < source.index("consumer.resume_partitions")
    assert opened < source.index("consumer.perform_seek()")
    assert opened < source.index("consumer.resume_flow()")
    assert parameters(Store.on_recovery_completed) == ["self", "active_tps", "standby_tps"]


def test_recovery_has_the_steps_that_are_left_out() -> None:
    for name in ("need_recovery", "_build_highwaters", "_build_offsets", "_seek_offsets"):
        assert parameters(getattr(OwnRecovery, name)) == parameters(getattr(Recovery, name))
    assert isinstance(inspect.getattr_static(TableManager, "recovery"), property)
    assert isinstance(create_app(Settings()).app.tables, OwnTableManager)


def test_a_table_makes_its_store_and_the_store_is_whole() -> None:
    goldstream = create_app(Settings())
    store = goldstream.engine.tables["tasks"].partitioned
    assert isinstance(store, PartitionedStore)
    assert not getattr(PartitionedStore, "__abstractmethods__", None)


def test_revocation_is_signalled_after_the_flow_has_stopped() -> None:
    source = inspect.getsource(FaustApp._on_partitions_revoked)
    assert source.index("consumer.stop_flow") < source.index("await T(self.on_partitions_revoked.send)")


def test_stopping_the_app_stops_its_tables() -> None:
    source = inspect.getsource(FaustApp._stop_consumer)
    assert source.index("self._stop_fetcher()") < source.index("await self.tables.stop()")
    assert "await table.stop()" in inspect.getsource(TableManager.on_stop)


def test_a_schema_compiles_the_decoder_of_messages() -> None:
    assert "on_key_decode_error" in parameters(Schema.compile)
    assert callable(BatchSchema().compile(create_app(Settings()).app))


def test_a_service_tells_why_it_crashed() -> None:
    source = inspect.getsource(Service)
    for name in ("_crashed", "_stopped", "crash_reason"):
        assert f"self.{name}" in source


def test_an_app_makes_its_data_directories_in_one_place() -> None:
    assert "self._create_directories()" in inspect.getsource(FaustApp.on_first_start)


def test_a_coordinator_can_be_asked_with_a_heartbeat() -> None:
    assert parameters(GroupCoordinator._send_req) == ["self", "request"]
    source = inspect.getsource(GroupCoordinator._do_heartbeat)
    assert "HeartbeatRequest(self.group_id, self.generation, self.member_id)" in source
    assert HeartbeatRequest is not None


def test_a_coordinator_sends_everything_one_way_and_a_heartbeat_can_be_built_anew() -> None:
    source = inspect.getsource(GroupCoordinator._do_heartbeat)
    assert "await self._send_req(request)" in source
    assert "self._group_instance_id = group_instance_id" in inspect.getsource(AIOKafkaConsumer.__init__)
    named = NamedHeartbeat(HeartbeatRequest("group", 3, "member"), "name")
    assert named.prepare({12: (0, 4)}).encode() == struct.pack(">h5sih6sh4s", 5, b"group", 3, 6, b"member", 4, b"name")
    assert named.prepare({12: (0, 1)}).to_object() == {"group": "group", "generation_id": 3, "member_id": "member"}


def test_a_failed_join_waits_until_its_error_was_taken_in() -> None:
    assert "_error_consumed_fut" in inspect.getsource(GroupCoordinator._push_error_to_user)
    source = inspect.getsource(GroupCoordinator.check_errors)
    assert "self._error_consumed_fut.set_result(None)" in source
    assert "self._coordination_task" in source


def test_an_assigned_partition_knows_its_position_and_the_logs_end() -> None:
    for name in ("highwater", "position", "has_valid_position"):
        assert name in inspect.getsource(TopicPartitionState)
    assert "def state_value" in inspect.getsource(Assignment)


def test_a_transaction_that_failed_meanwhile_is_told_as_none_and_its_waiter_knows_why() -> None:
    source = inspect.getsource(AIOKafkaProducer.send_batch)
    assert "not self._txn_manager.is_in_transaction()" in source
    assert "raise IllegalOperation(" in source
    for name in ("error_transaction", "fatal_error"):
        assert "self._transaction_waiter.set_exception(exc)" in inspect.getsource(getattr(TransactionManager, name))
    assert "assert TransactionState.is_transition_valid" in inspect.getsource(TransactionManager._transition_to)


def test_a_producer_can_be_ended_by_force() -> None:
    constructor = inspect.getsource(AIOKafkaProducer.__init__)
    for name in ("_sender", "_closed", "client"):
        assert f"self.{name} = " in constructor


@pytest.mark.parametrize("size", [10, 20_000, 3_000_000])
def test_an_empty_record_batch_takes_a_record_of_any_size(size: int) -> None:
    builder = BatchBuilder(16_384, 0, is_transactional=1)
    assert builder.append(timestamp=0, key=b"k", value=b"x" * size, headers=[("h", b"v")]) is not None


def test_a_full_record_batch_refuses_more() -> None:
    builder = BatchBuilder(1_000, 0, is_transactional=1)
    assert builder.append(timestamp=0, key=b"k", value=b"x" * 900, headers=[]) is not None
    assert builder.append(timestamp=0, key=b"k", value=b"x" * 900, headers=[]) is None


def test_a_record_batch_is_filled_past_its_checks() -> None:
    source = inspect.getsource(BatchBuilder.append)
    assert "self._builder.append(" in source
    assert "self._relative_offset += 1" in source
    builder = BatchBuilder(1_000, 0, is_transactional=1)
    assert builder._builder.append(0, 0, b"k", b"v", []) is not None
    builder._relative_offset = 1
    assert builder.record_count() == 1
    assert builder._builder.append(1, 0, b"k", b"x" * 2_000, []) is None


def test_a_fetcher_keeps_what_it_fetched_in_a_dict_and_wraps_its_records_when_they_are_taken() -> None:
    assert "self._records = collections.OrderedDict()" in inspect.getsource(Fetcher.__init__)
    source = inspect.getsource(Fetcher)
    assert "self._records[tp] = FetchResult(" in source
    assert source.count("self._records = collections") == 1
    assert "self._partition_records = partition_records" in inspect.getsource(FetchResult.__init__)
    assert "self._consumer_record(tp, record)" in inspect.getsource(PartitionRecords._unpack_records)


def test_fetched_bytes_become_batches_through_the_fetchers_memory_records() -> None:
    assert "records = MemoryRecords(part_data[-1])" in inspect.getsource(Fetcher._proc_fetch_request)
    for name in ("size_in_bytes", "has_next", "next_batch"):
        assert hasattr(FetchedRecords, name)
    source = inspect.getsource(PartitionRecords._unpack_records)
    named = set(re.findall(r"next_batch\.(\w+)", source))
    made = FetchedRecords(batch([record(b"k", b"v")])).next_batch()
    assert named == {
        "validate_crc",
        "producer_id",
        "base_offset",
        "is_control_batch",
        "is_transactional",
        "next_offset",
    }
    assert all(hasattr(made, name) for name in named)


def test_a_record_as_made_has_what_is_read_of_it() -> None:
    builder = BatchBuilder(1_000, 0, is_transactional=0)
    builder.append(timestamp=5, key=b"k", value=b"v", headers=[("h", b"x")])
    builder._builder.append(1, 6, None, None, [])
    records = MemoryRecords(bytes(builder._build()))
    batch = records.next_batch()
    assert batch is not None
    assert [(r.offset, r.timestamp, r.timestamp_type, r.key, r.value, list(r.headers)) for r in batch] == [
        (0, 5, 0, b"k", b"v", [("h", b"x")]),
        (1, 6, 0, None, None, []),
    ]


def test_wiring_an_app_connects_nothing_and_writes_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    goldstream = create_app(Settings(broker="127.0.0.1:1"))
    assert not goldstream.app.started
    assert list(tmp_path.iterdir()) == []
    thread = cast(Consumer, goldstream.app.consumer)._thread
    assert isinstance(thread, ConsumerThread)
    assert thread._consumer is None
