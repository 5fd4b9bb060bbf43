from __future__ import annotations

import pytest
from aiokafka import errors as kafka

from streams.engine.errors import Fatal, Gap, StateTooNew, StepFailed, Verdict, verdict


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (kafka.ProducerFenced(), Verdict.FENCED),
        (kafka.InvalidProducerEpoch(), Verdict.FENCED),
        (caused(kafka.KafkaError("delivery failed"), kafka.ProducerFenced()), Verdict.FENCED),
        (kafka.TopicAuthorizationFailedError("t"), Verdict.FATAL),
        (caused(kafka.KafkaError("x"), kafka.TransactionalIdAuthorizationFailed("t")), Verdict.FATAL),
        (Fatal("a person must act"), Verdict.FATAL),
        (StateTooNew("newer"), Verdict.FATAL),
        (Gap("lost"), Verdict.REWIND),
        (kafka.KafkaConnectionError(), Verdict.REOPEN),
        (kafka.KafkaTimeoutError(), Verdict.REOPEN),
        (ConnectionResetError(), Verdict.REOPEN),
        (TimeoutError(), Verdict.REOPEN),
        (caused(StepFailed("offset 7"), KeyError("k")), Verdict.BUG),
        (caused(StepFailed("offset 7"), TimeoutError()), Verdict.BUG),
        (ValueError("a defect"), Verdict.BUG),
    ],
)
def test_every_error_has_its_verdict(error: Exception, expected: Verdict) -> None:
    assert verdict(error) is expected
