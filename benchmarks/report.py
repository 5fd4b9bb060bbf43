"""From findings to what is pasted into a decision: tables, aims beside their figures, and plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.tables import table


class Findings(Protocol):
    """What a part of the benchmarks found."""

    @property
    def faults(self) -> Sequence[str]:
        """Why figures are void; none where all stand."""
        ...

    def markdown(self) -> str:
        """Return its tables; a figure that does not stand is ``void``."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return every figure as plain data."""
        ...


@dataclass(frozen=True)
class Failed:
    """A part that came to nothing.

    Attributes
    ----------
    name : str
        What was to be measured.
    reason : str
        The error; where it ends with a log, its first line is the error.
    """

    name: str
    reason: str

    @property
    def faults(self) -> Sequence[str]:
        """Why its figures are void."""
        return [self.reason]

    def markdown(self) -> str:
        """Return that all of it is void."""
        return table((self.name, ""), [("all of it", "void")])

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"faults": [self.reason]}


def brief(fault: str) -> str:
    """Return a fault in one line: of one that ends with a log, what it is and the log's last line."""
    first, *rest = [line for line in fault.splitlines() if line.strip()] or [""]
    return f"{first} ... {rest[-1].strip()}" if rest else first


def void(faults: Sequence[str]) -> str:
    """Return in a line that a figure is void and why; nothing where there are no faults."""
    return f"void: {'; '.join(brief(fault) for fault in faults)}" if faults else ""


@dataclass(frozen=True)
class Aim:
    """A figure and what it should be.

    Attributes
    ----------
    name : str
        What the figure is of, with its unit.
    figure : float or None
        None where it is void.
    bound : float
        What it should not fall below, or not exceed.
    at_least : bool
        Which of the two.
    text : str
        The figure in words, where it has a spread.
    form : str
        How numbers are written.
    """

    name: str
    figure: float | None
    bound: float
    at_least: bool = True
    text: str = ""
    form: str = ",.2f"

    @property
    def missed(self) -> bool:
        """Whether the figure stands and is not what it should be."""
        if self.figure is None:
            return False
        return self.figure < self.bound if self.at_least else self.figure > self.bound

    def row(self) -> Sequence[str]:
        """Return name, figure, aim and verdict."""
        sign = ">=" if self.at_least else "<="
        figure = "void" if self.figure is None else self.text or f"{self.figure:{self.form}}"
        verdict = "void" if self.figure is None else "missed" if self.missed else "met"
        return self.name, figure, f"{sign} {self.bound:{self.form}}", verdict

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"name": self.name, "figure": self.figure, "bound": self.bound, "at_least": self.at_least}


@dataclass(frozen=True)
class Results:
    """Everything that was measured.

    Attributes
    ----------
    machine : mapping
        What it was measured on, in words.
    quick : bool
        Whether it was the short form.
    findings : mapping
        By part.
    aims : sequence of Aim
        Of all parts.
    """

    machine: Mapping[str, str]
    quick: bool
    findings: Mapping[str, Findings]
    aims: Sequence[Aim]

    @property
    def faults(self) -> list[str]:
        """Why figures are void."""
        return [f"{name}: {fault}" for name, found in self.findings.items() for fault in found.faults]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        parts = {name: found.as_json() for name, found in self.findings.items()}
        ratios = parts.get("throughput", {}).get("ratios", {})
        return {
            "machine": dict(self.machine),
            "quick": self.quick,
            "ratios": {name: ratio and ratio["median"] for name, ratio in ratios.items()},
            "aims": [aim.as_json() for aim in self.aims],
            "faults": self.faults,
            "parts": parts,
        }

    def markdown(self) -> str:
        """Return the tables, the aims and the machine, in Markdown."""
        sections = [found.markdown() for found in self.findings.values()]
        if self.aims:
            sections.append(table(("aim", "figure", "should be", ""), [aim.row() for aim in self.aims]))
        sections.append("Measured on " + "; ".join(f"{name} {value}" for name, value in self.machine.items()) + ".")
        if self.quick:
            sections.append("A short run: it shows that everything works, its figures are rough.")
        return "\n\n".join(sections)

    def verdict(self) -> list[str]:
        """Return what there is to say besides the tables, a line each."""
        lines = [f"void: {brief(fault)}" for fault in self.faults]
        for aim in self.aims:
            if aim.missed:
                name, figure, should_be, _ = aim.row()
                lines.append(f"missed: {name} {figure}, should be {should_be}")
        if not self.faults:
            lines.append("Every figure stands: all labels are right." + (" Every aim is met." if not lines else ""))
        lines.append("A missed aim is a finding, not a failure; the exit status is 1 only where a figure is void.")
        return lines
