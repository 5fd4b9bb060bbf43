"""Where a campaign stands: what was sent, what came back, who was caught. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from schemas import Label, LabelStatus, QualityEvent, QualityEventKind
from streams.demo.campaign import MAX_REDUNDANCY, REDUNDANCY, Campaign
from streams.demo.scoreboard import Accuracy, Scoreboard
from streams.simulator.personas import Annotator, Persona


@dataclass(frozen=True, slots=True)
class Flagged:
    """An annotator below the gold threshold: so many right of so many gold when it was noticed."""

    annotator: Annotator
    share: float
    gold: int


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Who is flagged now, beside who ought to be.

    Attributes
    ----------
    caught : list of Flagged
        Spammers, clickers and adversaries that are flagged, in the order of being caught.
    missed : list of Annotator
        Those of them that are not.
    wronged : list of Flagged
        Honest annotators that are flagged.
    """

    caught: list[Flagged]
    missed: list[Annotator]
    wronged: list[Flagged]

    @property
    def wanted(self) -> int:
        """How many there are to catch."""
        return len(self.caught) + len(self.missed)


class Standing:
    """Counts what passes, in the demo's own terms; takes no label and no event twice.

    Parameters
    ----------
    campaign : Campaign
        It is told of the labels that arrive.

    Attributes
    ----------
    gold_sent : int
        Annotations on gold tasks among those sent.
    """

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._people = {annotator.annotator_id: annotator for annotator in campaign.annotators}
        self._same_votes = Scoreboard(campaign.truth, MAX_REDUNDANCY)
        self._first_votes = Scoreboard(campaign.truth, REDUNDANCY)
        self._labels: dict[str, tuple[int, LabelStatus]] = {}
        self._flagged: dict[str, Flagged] = {}
        self._seen: set[str] = set()
        self.gold_sent = 0

    def sent(self, task_id: str, answer: str) -> None:
        """Take note of an annotation that was sent."""
        if self._campaign.is_gold(task_id):
            self.gold_sent += 1
            return
        self._same_votes.vote(task_id, answer)
        self._first_votes.vote(task_id, answer)

    def arrived(self, event: Label | QualityEvent) -> None:
        """Take in a label or a quality event."""
        if isinstance(event, Label):
            self._label(event)
        elif event.event_id not in self._seen:
            self._seen.add(event.event_id)
            self._quality(event)

    def statuses(self) -> Counter[LabelStatus]:
        """Return how many ordinary tasks have a label of which status."""
        return Counter(status for _, status in self._labels.values())

    def accuracy(self) -> Accuracy:
        """Return both accuracies over the settled tasks; plain majority has every vote that was sent."""
        return self._same_votes.accuracy()

    def accuracy_of_first_votes(self) -> float | None:
        """Return plain majority's accuracy over the settled tasks when no task is extended."""
        return self._first_votes.accuracy().majority

    def undecided_right(self) -> int:
        """Return how many of the undecided tasks plain majority would have labelled rightly."""
        return sum(
            status is LabelStatus.undecided
            and self._same_votes.plain_majority(task_id) == self._campaign.truth(task_id)
            for task_id, (_, status) in self._labels.items()
        )

    def verdicts(self) -> Verdicts:
        """Return who is flagged now and who ought to be."""
        honest = {name for name, annotator in self._people.items() if annotator.persona is Persona.HONEST}
        return Verdicts(
            caught=[flagged for name, flagged in self._flagged.items() if name not in honest],
            missed=[
                annotator
                for name, annotator in self._people.items()
                if name not in honest and name not in self._flagged
            ],
            wronged=[flagged for name, flagged in self._flagged.items() if name in honest],
        )

    def _label(self, label: Label) -> None:
        task_id = label.task_id
        known = self._labels.get(task_id)
        if self._campaign.is_gold(task_id) or (known is not None and known[0] >= label.version):
            return
        self._labels[task_id] = (label.version, label.status)
        self._campaign.label_arrived(task_id)
        answers = [str(answer.label) for answer in label.answers.values() if label.status is LabelStatus.settled]
        answer = answers[0] if answers else None
        self._same_votes.label(task_id, answer)
        self._first_votes.label(task_id, answer)

    def _quality(self, event: QualityEvent) -> None:
        if event.annotator_id is None:
            return  # it is about the project
        annotator = self._people[event.annotator_id]
        if event.kind is QualityEventKind.below_gold_threshold:
            self._flagged[annotator.annotator_id] = Flagged(annotator, event.value or 0.0, event.n or 0)
        elif event.kind is QualityEventKind.gold_threshold_recovered:
            self._flagged.pop(annotator.annotator_id, None)
