"""Puts the parts together: the only room that knows which connectors, stores and readers a process really has."""

from responder.assembly.accounts import missing_variables
from responder.assembly.database import database_url
from responder.assembly.loops import background, keep_house, run_jobs
from responder.assembly.opening import responder
from responder.assembly.parts import OpenDoor, Responder
from responder.assembly.watching import fire_timers

__all__ = [
    "OpenDoor",
    "Responder",
    "background",
    "database_url",
    "fire_timers",
    "keep_house",
    "missing_variables",
    "responder",
    "run_jobs",
]
