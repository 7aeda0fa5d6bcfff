"""The example salon of a fresh installation, and of whoever names no other."""

from importlib import resources
from pathlib import Path

DEMO_SALON = Path(str(resources.files(__name__) / "salon.yaml"))
