"""What the task side stores: ids, votes and policy, never content. New fields go last, with a default."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from streams.events import State
from streams.quality.keys import key
from streams.quality.records import DAY_MS

Phase = Literal["held", "open", "gold", "settled", "undecided", "unusable", "withdrawn", "stub"]

CLOSED: frozenset[Phase] = frozenset({"settled", "undecided", "unusable"})


class Told(msgspec.Struct, array_like=True):
    """One outcome as it was sent for a vote's answer to one question; taking it back repeats it exactly.

    `quality` is fixed-point (1e-6), with the factor for wrong gold where that applies.
    """

    kind: str
    correct: bool | None
    truth: Any
    quality: int
    policy_version: int
    similarity_key: str | None = None

    def same(self, other: Told | None) -> bool:
        """Whether both say the same about the answer, whichever policy they were told under."""
        return (
            other is not None
            and self.kind == other.kind
            and self.correct == other.correct
            and bool(self.truth == other.truth)
        )


class Entry(msgspec.Struct, array_like=True):
    """What one annotator says about the task: an answer per question, or why there is none.

    `reliability` and `quality` are fixed-point (1e-6), as scored when the annotation was made; `size` bounds the
    bytes of the answers. `places` are the categories chosen, for each part of the questions, -1 where it has none.
    `is_evidence` says that the annotator was told the posterior the task stands at. On a gold task `columns` are what
    it said of each part's categories when it came, 1e-6 nats. `time_ms` is what a submission took, 0 of a
    correction, and `session` the annotator's; `at`, in ms, is the time of the annotation's record. `is_judge` says
    that a model gave it. `marked` is what the annotator was told of each span part's characters, as
    `aggregation.span_confusion` counts them; `shown` which option of a comparison was shown first, 0 or 1, for each
    part, -1 where that was not told. Once its annotator is erased it has a pseudonym and no annotation id.
    """

    annotator_id: str
    annotation_id: str
    answers: list[Any] | None
    non_answer: str | None
    reliability: int
    quality: int
    told: list[Told | None] = []
    size: int = 0
    places: list[int] = []
    is_evidence: bool = False
    columns: list[list[int]] = []
    time_ms: int = 0
    session: int = 0
    at: int = 0
    is_judge: bool = False
    marked: list[list[int]] = []
    shown: list[int] = []

    @property
    def day(self) -> int:
        """The day since 1970."""
        return self.at // DAY_MS

    @property
    def is_erased(self) -> bool:
        """Whether nobody is told any more how it fared."""
        return not self.annotation_id


class Terms(msgspec.Struct, array_like=True):
    """What of a task may change under its id. Payment in 1e-6 USD, priority in 1e-6, tier as its rank.

    `redundancy` is 0 where the project's is meant.
    """

    priority: int = 0
    payment: int = 0
    estimated_ms: int = 0
    tier: int = 0
    specializations: list[str] = []
    similarity_key: str | None = None
    guidelines_version: str | None = None
    redundancy: int = 0


class Truth(msgspec.Struct, array_like=True):
    """The known answer to each question, and what it is for: gold, attention or training."""

    kind: str
    answers: list[Any]


class Review(msgspec.Struct, array_like=True):
    """A reviewer's verdict that stands: accept, fix, reject or return.

    `answers` are those accepted or given, as labels carry them. Of a return, so many `votes` and `non_answers` were not
    enough. `is_open` says that the votes alone would not close the task.
    """

    verdict: str
    answers: dict[str, Any] = {}
    becomes_gold: bool = False
    votes: int = 0
    non_answers: int = 0
    is_open: bool = False


class Published(msgspec.Struct, array_like=True):
    """The body of the newest label: everything but its version and time."""

    status: str
    reason: str
    closed_by: str | None
    answers: dict[str, Any]
    votes: int
    non_answers: int
    policy_version: int
    guidelines_version: str | None


class Shadow(msgspec.Struct, array_like=True):
    """What a task has told of a rule that runs in shadow: the rule, and numbers as `shadowing.FIELDS` has them."""

    kind: str
    threshold: int
    min_redundancy: int
    sums: list[int]


class Held(msgspec.Struct, array_like=True):
    """An event that waits for its task or project, with its coordinates; only a vote has an `annotator_id`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    raw: bytes | None
    annotator_id: str = ""


class Task(msgspec.Struct, array_like=True):
    """A task's whole state.

    `entries` are in the order of their places; the first `counted` decide, the rest are the bench.
    `questions` is the JSON text that `spaces.questions` reads; `digest` identifies the content.
    `expiry` and `waiting` are the chunks in which the task's id is queued, 0 for none. `left` are the topics in which
    content lies that went from here, until a null value comes from there. `posterior` is what was last told of each
    part, fixed-point, nothing for a part without categories; `is_counted` says that the project's class frequencies
    have it. `losses` are what the project has of the votes on a gold task beside its truth, for each part; `shadow` is
    what it has of the task under a rule that runs in shadow. `truth` is what the gold topic says, whatever a review
    says. `spaces` are the names of the questions' label spaces, "" for one of the task's own; those in place have been
    through so many `changes` of the project's.
    """

    phase: Phase
    project: str = ""
    task_type: str = ""
    questions: str = "[]"
    digest: str = ""
    terms: Terms = msgspec.field(default_factory=Terms)
    entries: list[Entry] = []
    counted: int = 0
    truth: Truth | None = None
    version: int = 0
    published: Published | None = None
    held: list[Held] = []
    expiry: int = 0
    waiting: int = 0
    left: list[str] = []
    posterior: list[list[int]] = []
    is_counted: bool = False
    losses: list[list[int]] = []
    review: Review | None = None
    shadow: Shadow | None = None
    spaces: list[str] = []
    changes: int = 0

    @property
    def known(self) -> Truth | None:
        """The answers that votes are judged by: of gold, or else of a review that became gold."""
        if self.truth is not None or self.review is None or not self.review.becomes_gold:
            return self.truth
        return Truth("gold", [answer["label"] for answer in self.review.answers.values()])

    @property
    def is_reviewed(self) -> bool:
        """Whether a verdict stands over the votes: a return lets them decide."""
        return self.review is not None and self.review.verdict != "return"


class Settings(msgspec.Struct, array_like=True):
    """A project's settings as the decisions need them; shares and factors are fixed-point (1e-6).

    `target_confidence` and `label_value`, in 1e-6 USD, are 0 where there is no such rule; `adaptive` is what becomes of
    it. A removed project keeps its `policy_version` and `sequence`, so that an older copy does not bring it back.
    `changes` of its label spaces have come.
    """

    policy_version: int
    redundancy: int
    max_redundancy: int
    min_agreement: int
    unusable_after: int
    weighting: str
    gold_incorrect: int
    guidelines_version: str
    label_spaces: dict[str, str]
    removed: bool = False
    target_confidence: int = 0
    min_redundancy: int = 2
    sequence: int = 0
    review_share: int = 100_000
    label_value: int = 0
    adaptive: str = "on"
    changes: int = 0

    @property
    def has_rule(self) -> bool:
        """Whether there is a rule by which a task may close with fewer votes than its redundancy."""
        return bool(self.target_confidence or self.label_value)


class Totals(msgspec.Struct, array_like=True):
    """Exact counts for gauges.

    `open`, `closed`, `held` (unpublished, with events that wait) and `gold` count tasks by phase; `waiting`
    counts published tasks, of any phase, whose events wait for their project; `votes` counts stored answers,
    benched included; `held_bytes` is the size of the events that wait.
    """

    open: int = 0
    closed: int = 0
    held: int = 0
    votes: int = 0
    gold: int = 0
    waiting: int = 0
    held_bytes: int = 0


TOTALS = key("totals")
_TASK = key("t", "")
_SETTINGS = key("p", "")


def task_key(task_id: str) -> str:
    """Return the table key of a task."""
    return _TASK + task_id


def load(state: State, task_id: str) -> Task:
    """Return a task that a queue names."""
    task = state.get(task_key(task_id), Task)
    if task is None:
        raise LookupError(f"task {task_id!r} is queued but not stored")
    return task


def settings_key(project: str) -> str:
    """Return the table key of a project's settings."""
    return _SETTINGS + project


def settings_of(state: State, project: str) -> Settings | None:
    """Return a project's settings, or None while it is unknown or once it is removed."""
    settings = state.get(settings_key(project), Settings)
    return None if settings is None or settings.removed else settings


def totals(state: State) -> Totals:
    """Return the partition's counts, marked as changed."""
    counts = state.get(TOTALS, Totals) or Totals()
    state.put(TOTALS, counts)
    return counts


def enter(state: State, task: Task, phase: Phase) -> None:
    """Change the task's phase and the counts that follow from it."""
    counts = totals(state)
    _count(counts, task.phase, -1)
    _count(counts, phase, 1)
    task.phase = phase


def arrive(state: State, phase: Phase) -> None:
    """Count a task that enters the table in `phase`."""
    _count(totals(state), phase, 1)


def leave(state: State, phase: Phase) -> None:
    """Count a task that leaves the table, or is not counted any more."""
    _count(totals(state), phase, -1)


def _count(counts: Totals, phase: Phase, by: int) -> None:
    if phase == "open":
        counts.open += by
    elif phase in CLOSED:
        counts.closed += by
    elif phase == "held":
        counts.held += by
    elif phase == "gold":
        counts.gold += by
