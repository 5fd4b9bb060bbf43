"""A small file system of its own for the broker's data, where this machine lets us mount one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOM = 6 * 1024**3
"""Bound on what is in it; memory is taken as it fills."""


class Disk:
    """A tmpfs at `folder`, which can be full.

    It is full when its bound is lowered to what is in it, which costs no memory; a file that fills it would.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_mounted = False

    def mount(self) -> bool:
        """Return whether it could be mounted: root may, in most containers nobody may."""
        if os.geteuid() != 0 or shutil.which("mount") is None:
            return False
        self.folder.mkdir()
        self._is_mounted = self._mount(f"size={ROOM}")
        if not self._is_mounted:
            self.folder.rmdir()
        return self._is_mounted

    def fill(self) -> None:
        """Leave no room."""
        room = os.statvfs(self.folder)
        used = (room.f_blocks - room.f_bfree) * room.f_frsize
        # It may grow meanwhile, and no bound below what is used is taken.
        if not any(self._mount(f"remount,size={used + spare}") for spare in (0, 2**16, 2**20, 2**24)):
            raise RuntimeError(f"{self.folder} could not be filled")

    def free(self) -> None:
        """Give the room back."""
        if not self._mount(f"remount,size={ROOM}"):
            raise RuntimeError(f"{self.folder} could not be freed")

    def unmount(self) -> None:
        """Let go of it and of what is in it."""
        if self._is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)  # noqa: S607  # wherever it is
            self._is_mounted = False

    def _mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
