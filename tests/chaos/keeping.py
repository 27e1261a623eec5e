"""What tells how it came to what was found, for whoever looks for the reason."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text


def write(into: Path, seen: Mapping[str, Any], engine: Engine, logs: Path) -> None:
    """Everything that is known, in a new folder.

    Args:
        seen: what Slack was asked and told, and how it looks.
        engine: where all tables are.
        logs: the folder where the processes wrote what they did.
    """
    into.mkdir(parents=True)
    for log in logs.glob("*.log"):
        shutil.copy(log, into)
    told = dict(seen)
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - a table's name
            told[table] = [dict(row._mapping) for row in rows]
    for name, found in told.items():
        (into / f"{name}.json").write_text(json.dumps(found, default=str, indent=1), "utf8")
