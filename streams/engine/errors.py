"""What a failure means for a partition, and what is done about it."""

from __future__ import annotations

import enum

from aiokafka import errors as kafka


class Verdict(enum.Enum):
    """What follows from an error raised while a partition is opened or applied."""

    REWIND = "rewind"
    """Batches were lost on the way here: seek back to where the partition stands."""
    REOPEN = "reopen"
    """The transaction is void: throw the uncommitted state away, get a new producer, restore, seek back."""
    FENCED = "fenced"
    """Another producer took the transactional id: reopen only while the group says that the partition is ours."""
    FATAL = "fatal"
    """Nobody can go on until a person changes something."""
    BUG = "bug"
    """The code is wrong: crash, loudly."""


class Gap(Exception):
    """A batch does not continue where the partition stands."""


class Fatal(Exception):
    """A condition that a person must resolve; the message is one line and complete."""


class StateTooNew(Fatal):
    """The changelog was written by a newer release than this worker."""


class ForeignRecord(Fatal):
    """The changelog holds what no worker wrote: the table cannot be known."""


class PositionLost(Fatal):
    """The log no longer holds records that were never processed."""


class NameTaken(Fatal):
    """Another worker joined the group with this one's name."""


class Damaged(Fatal):
    """A record batch does not have the checksum it was written with."""


class Unreadable(Exception):
    """The records of a batch cannot be read; the message says why."""


class StepFailed(Exception):
    """The pure code raised something that is not a rejection."""


_FENCED = (kafka.ProducerFenced, kafka.InvalidProducerEpoch)
_FATAL = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.AuthenticationFailedError,
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedForMessageFormatError,
    kafka.IncompatibleBrokerVersion,
    kafka.UnsupportedVersionError,
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.InvalidTransactionTimeout,
    kafka.InvalidTopicError,
)


def verdict(error: BaseException) -> Verdict:
    """Classify `error`, looking through the wrappers that aiokafka puts around its causes."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, _FENCED):
            return Verdict.FENCED
        if isinstance(seen, (*_FATAL, Fatal)):
            return Verdict.FATAL
        seen = seen.__cause__
    if isinstance(error, Gap):
        return Verdict.REWIND
    if isinstance(error, (kafka.KafkaError, OSError)):
        return Verdict.REOPEN
    return Verdict.BUG
