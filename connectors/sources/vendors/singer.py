"""Whatever a Singer tap can read: its output comes on standard input, there is nothing to ask."""

from pydantic import BaseModel

from connectors.sources.vendors.contract import Vendor


class Settings(BaseModel):
    """Nothing has to be asked: the tap has its own configuration."""


VENDOR = Vendor(
    name="singer",
    title="Singer taps",
    settings=Settings,
    objects=("deals", "activities"),  # of the shipped mapping; a tap has its own
    mapping="singer.yaml",
    setup=(
        "Install the tap in an environment of its own, and configure it as it asks.",
        "In mapping.yaml write an object for each stream that counts, named as the stream is.",
        "Run: tap --config tap.json --state state.json | pacesetter source singer NAME > states",
        "The last line of states is the tap's next state.json.",
    ),
    notes={
        "versions": "ACTIVATE_VERSION is ignored: rows that vanished from a full table stay",
        "batches": "BATCH of Meltano's SDK is refused; it names files instead of records",
    },
)
