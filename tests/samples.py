"""Where Slack's recorded payloads and schemas are, for tests that skip themselves without them."""

import os
from pathlib import Path

SAMPLES = Path(os.environ.get("SLACK_SAMPLES") or Path(__file__).parents[2] / "shared" / "slack-samples")
"""CONTRIBUTING.md says how to get them."""
