"""Every topic that goes through the engine, and what its records mean."""

from streams.agents.commissions import COMMISSIONS
from streams.agents.folds import FOLDS
from streams.engine.postings import Kind

PIPES: dict[str, Kind] = {**FOLDS, COMMISSIONS.topic: COMMISSIONS}
