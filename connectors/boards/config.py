"""Settings of one board server."""

from dataclasses import dataclass, field
from pathlib import Path

from connectors.boards.ticker import RINGS_PER_HOUR

STREAMS_MAX = 500  # viewers at once; each costs a socket and one buffered snapshot
PORT = 18080  # as the settings have it


@dataclass(frozen=True, slots=True)
class BoardConfig:
    """Where a board reads from and where it is served.

    Attributes:
        bootstrap: Kafka's bootstrap servers.
        warehouse_url: HTTP address of the warehouse, such as http://127.0.0.1:8123.
        warehouse_user: name of a SERVICE principal, and `warehouse_token` its token.
        principals: file that says whose tokens open the door.
        sessions: file that keeps who is signed in over a restart, so that no screen on a wall has
            to be visited; it holds digests only.
        screens: file that keeps which screens managers put up; None: beside `sessions`.
        title: headline; None: the company's name.
        rings_per_hour: how many deals won are celebrated; the others are told quietly.
        quotas: whether lanes of revenue show what each rep's quota asks for; on a rep's own card
            it stands either way.
        registry_url: of a schema registry; None: ids of the shipped catalogue.
        kafka: further settings of the client (security_protocol, ssl_cafile, ...), as aiokafka
            names them.
    """

    bootstrap: str
    warehouse_url: str
    warehouse_user: str
    warehouse_token: str = field(repr=False)
    principals: Path
    sessions: Path
    host: str = "127.0.0.1"
    port: int = PORT
    screens: Path | None = None
    title: str | None = None
    rings_per_hour: int = RINGS_PER_HOUR
    quotas: bool = True
    registry_url: str | None = None
    streams_max: int = STREAMS_MAX
    kafka: dict[str, object] = field(default_factory=dict, repr=False)
