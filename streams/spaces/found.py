"""What a change came to, added up over partitions, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FEW: Final = 10
"""So many tasks whose gold goes are named to people; programs get all."""

_LINES: Final = (
    ("tasks", "tasks that were answered in it"),
    ("labels", "labels superseded"),
    ("reopened", "tasks open again"),
    ("votes", "votes and non-answers that stand"),
    ("votes_taken_back", "votes taken back"),
    ("gold", "known answers that stand"),
    ("gold_withdrawn", "known answers withdrawn"),
    ("verdicts_withdrawn", "verdicts of reviewers taken back"),
)


@dataclass
class Came:
    """What quality events tell.

    Attributes
    ----------
    parts : dict of int to dict
        Partition to its counts, once it is done.
    gold : list of str
        Tasks whose known answer is withdrawn.
    """

    parts: dict[int, dict[str, int]] = field(default_factory=dict)
    gold: list[str] = field(default_factory=list)

    def take(self, body: Mapping[str, Any], change_id: str) -> None:
        """Take in a quality event, if it is of this change: its id says so, and of which partition it tells."""
        kind, event_id = body.get("kind"), str(body.get("event_id"))
        if f":{change_id}:" not in event_id:
            return
        if kind == "gold_withdrawn":
            self.gold.append(str(body["task_id"]))
        elif kind == "label_space_changed":
            self.parts[int(event_id.split(":")[-2])] = {name: body["change"][name] for name, _ in _LINES}

    def add(self, other: Came) -> None:
        """Add what another partition came to."""
        self.parts |= other.parts
        self.gold += other.gold

    def sums(self) -> dict[str, int]:
        """Return the counts over all partitions."""
        return {name: sum(part[name] for part in self.parts.values()) for name, _ in _LINES}

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Yield the counts in words."""
        for name, number in self.sums().items():
            yield f"{number:,}", dict(_LINES)[name]
        if self.gold:
            more = f" and {len(self.gold) - FEW:,} more" if len(self.gold) > FEW else ""
            yield "", f"to be given anew: {', '.join(sorted(self.gold)[:FEW])}{more}"
