"""What is seen while it runs: bars on a terminal, a line per result without one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Display:
    """Shows steps as they run and notes as they come.

    Parameters
    ----------
    console : Console
        Bars are drawn when it is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Draw while the block runs."""
        with self._progress:
            yield

    @contextlib.contextmanager
    def step(self, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show a step while the block runs; the function it yields is told how much more is done."""
        task = self._progress.add_task(text, total=total)
        try:
            yield lambda more: self._progress.advance(task, more)
        finally:
            self._progress.remove_task(task)

    def note(self, text: str) -> None:
        """Leave a line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
