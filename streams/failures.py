"""How a command ends when it cannot go on: complete lines for people, and an exit code for programs."""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):
    """The command cannot go on, and a person must change something.

    Parameters
    ----------
    lines : str
        One or more complete lines, each of which can be read alone.

    Attributes
    ----------
    exit_code : int
        What the process returns: 1, unless a subclass says otherwise.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
