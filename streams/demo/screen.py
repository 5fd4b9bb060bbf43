"""How the demo looks: a live view in a terminal, and lines without control codes anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.demo.play import Frame
from streams.demo.standing import Flagged
from streams.simulator.personas import Persona

Rows = Sequence[tuple[str, str]]

_SHOWN: Final = 9
_TITLE: Final = "goldstream demo"


class Screen(Protocol):
    """Where the demo is followed; `every_s` is how often it wants a frame."""

    every_s: float

    def __enter__(self) -> Self:
        """Begin the view of the campaign; it ends with the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the view, and leave the terminal as it was."""

    def say(self, line: str) -> None:
        """Show one line; not during the view."""

    def show(self, frame: Frame) -> None:
        """Show where the campaign stands."""

    def summary(self, title: str, rows: Rows) -> None:
        """Show names and what belongs to each, under a title."""

    def commands(self, title: str, rows: Rows) -> None:
        """Show what there is to do and its command, under a title; a command stays on one line, to be copied."""


def screen() -> Screen:
    """Return the screen for what standard output is."""
    console = Console(highlight=False)
    if sys.stdout.isatty() and not console.is_dumb_terminal:
        return LiveScreen(console)
    return PlainScreen()


class PlainScreen:
    """Prints lines."""

    every_s = 2.0

    def __enter__(self) -> Self:
        """Nothing is to begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is to end."""

    def say(self, line: str) -> None:
        """Print the line."""
        print(line, flush=True)

    def show(self, frame: Frame) -> None:
        """Print the frame as one line."""
        verdicts = frame.verdicts
        self.say(
            f"{frame.elapsed_s:5.1f} s  {frame.rate:4.0f} annotations/s  {frame.taken_in:6,} in"
            f"  {frame.settled + frame.undecided:6,} labels  {frame.unlabelled:6,} open"
            f"  majority {percent(frame.accuracy.majority)}  goldstream {percent(frame.accuracy.goldstream)}"
            f"  caught {len(verdicts.caught)} of {verdicts.wanted}"
        )

    def summary(self, title: str, rows: Rows) -> None:
        """Print the rows in two columns."""
        width = max(len(name) for name, _ in rows)
        self.say(f"\n{title}")
        for name, text in rows:
            self.say(f"  {name:{width}}  {text}")

    def commands(self, title: str, rows: Rows) -> None:
        """Print each command below a comment."""
        self.say(f"\n{title}")
        for about, command in rows:
            self.say(f"  # {about}\n  {command}")


class LiveScreen:
    """Draws panels, and draws them again."""

    every_s = 0.25

    def __init__(self, console: Console) -> None:
        self._console = console
        # Without a thread of its own: it draws when it is told to, and never into anything else.
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Self:
        """Take the lines below the cursor."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last picture where it is, and the cursor below it."""
        self._live.stop()

    def say(self, line: str) -> None:
        """Print the line, dimmed."""
        self._console.print(line, style="dim", markup=False)

    def show(self, frame: Frame) -> None:
        """Draw the frame over the one before."""
        self._live.update(_picture(frame), refresh=True)

    def summary(self, title: str, rows: Rows) -> None:
        """Draw the rows in a panel."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in rows:
            table.add_row(name, Text(text))
        self._console.print(Panel(table, title=title, title_align="left", border_style="green"))

    def commands(self, title: str, rows: Rows) -> None:
        """Print each command below a comment."""
        self._console.print(f"\n{title}", style="bold green", markup=False)
        for about, command in rows:
            self._console.print(Text(f"  # {about}", "dim"), soft_wrap=True)
            self._console.print(Text(f"  {command}"), soft_wrap=True)


def percent(share: float | None) -> str:
    """Return a share with one decimal, as wide as any other.

    >>> percent(0.9137), percent(None)
    ('91.4%', '  -  ')
    """
    return "  -  " if share is None else f"{share:5.1%}"


def _picture(frame: Frame) -> RenderableType:
    below = Table.grid(expand=True)
    below.add_column(ratio=3)
    below.add_column(ratio=5)
    below.add_row(_accuracies(frame), _people(frame))
    return Group(_progress(frame), below)


def _progress(frame: Frame) -> RenderableType:
    closed = frame.tasks - frame.unlabelled
    line = Table.grid(expand=True)
    for _ in range(4):
        line.add_column(justify="center", ratio=1)
    line.add_row(
        _figure(f"{frame.rate:,.0f}", "annotations/s"),
        _figure(f"{frame.taken_in:,}", "annotations in"),
        _figure(f"{closed:,}", "labels out"),
        _figure(f"{frame.unlabelled:,}", "open tasks"),
    )
    bar = ProgressBar(total=frame.tasks, completed=closed, complete_style="cyan", finished_style="green")
    return Panel(
        Group(line, bar), title=_TITLE, title_align="left", subtitle=f"{frame.elapsed_s:.0f} s", border_style="cyan"
    )


def _figure(number: str, name: str) -> Text:
    return Text.assemble((number, "bold"), "\n", (name, "dim"), justify="center")


def _accuracies(frame: Frame) -> RenderableType:
    accuracy = frame.accuracy
    rows = Table.grid(expand=True)
    rows.add_column()
    rows.add_column(justify="right", no_wrap=True)
    rows.add_row(Text("goldstream", "bold green"), Text(percent(accuracy.goldstream), "bold green"))
    rows.add_row(_bar(accuracy.goldstream, "green"), "")
    rows.add_row("plain majority", percent(accuracy.majority))
    rows.add_row(_bar(accuracy.majority, "yellow"), "")
    about = Text(
        f"\nof the {accuracy.tasks:,} settled tasks, against the simulator's truth; {frame.undecided:,} undecided",
        "dim",
    )
    return Panel(Group(rows, about), title="right labels", title_align="left", height=_SHOWN + 3)


def _bar(share: float | None, style: str) -> RenderableType:
    return ProgressBar(total=1.0, completed=share or 0.0, complete_style=style, finished_style=style)


def _people(frame: Frame) -> RenderableType:
    verdicts = frame.verdicts
    rows = Table.grid(expand=True, padding=(0, 1))
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=3)
    rows.add_column(no_wrap=True, overflow="ellipsis", ratio=4)
    rows.add_column(no_wrap=True, justify="right")
    for flagged in verdicts.caught[-_SHOWN:]:
        rows.add_row(*_person(flagged))
    if verdicts.caught or verdicts.wronged:
        below = Text(f"{len(verdicts.wronged)} honest ones flagged too", "dim")
    else:
        below = Text(f"gold answers each: {frame.gold_each:.0f}; a verdict needs {frame.min_gold}", "dim")
    title = f"caught {len(verdicts.caught)} of {verdicts.wanted}"
    return Panel(Group(rows, below), title=title, title_align="left", height=_SHOWN + 3)


def _person(flagged: Flagged) -> tuple[Text, Text, Text]:
    persona = flagged.annotator.persona
    style = "red" if persona is Persona.ADVERSARY else "yellow"
    return (
        Text(flagged.annotator.pseudonym, "bold"),
        Text(persona.replace("_", " "), style),
        Text(f"{flagged.share:.0%} of {flagged.gold} gold", "dim"),
    )
