"""A time of day of its own for each bot, which can be set anew while it runs; needs a C compiler."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


@dataclass(slots=True)
class Clock:
    """What a process takes for the time of day.

    Args:
        library: what the process loads for it; None where there is no compiler, and then the clock is always right.
        behind_s: by how much it was slow at most.
    """

    library: Path | None
    file: Path
    behind_s: float = 0.0

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the process."""
        return {"LD_PRELOAD": str(self.library), "CLOCK_FILE": str(self.file)} if self.library else {}

    def jump(self, off_s: float) -> None:
        """From now on it is off by so much; written at once, as whoever reads it must not see half of it."""
        self.behind_s = max(self.behind_s, -off_s)
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(file, int(off_s * 1e9).to_bytes(8, "little", signed=True), 0)
        finally:
            os.close(file)


def made(folder: Path, name: str) -> Clock:
    """A clock that is right until it jumps."""
    clock = Clock(_library(folder), folder / f"{name}.clock")
    clock.jump(0.0)
    return clock


def _library(folder: Path) -> Path | None:
    made = folder / "clock.so"
    compiler = shutil.which("cc")
    if compiler is None or os.uname().sysname != "Linux":
        return None
    if not made.exists():
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made
