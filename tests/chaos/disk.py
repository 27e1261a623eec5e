"""The disk of the database: a small file system of its own, where whoever runs this may mount one."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

SIZE: Final = "1g"
TRIES: Final = 50
"""While the database writes, what is used changes between the look and the act."""


class Disk:
    """A folder that can be full for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o711)
        self.is_own = os.geteuid() == 0 and bool(shutil.which("mount")) and self._mounts(f"size={SIZE},mode=711")

    def fill(self) -> bool:
        """Not one page more fits; whether that could be done."""
        return self.is_own and any(self._mounts(f"remount,size={self._used()}") for _ in range(TRIES))

    def free(self) -> None:
        """As before."""
        if self.is_own:
            self._mounts(f"remount,size={SIZE}")

    def close(self) -> None:
        """Everything on it is gone."""
        if self.is_own:
            subprocess.run(["umount", "--lazy", self.folder], check=False)

    def _used(self) -> int:
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def _mounts(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
