"""`pacesetter alerts run` that kills itself, as kill -9 does, at a point that is named.

BEFORE: nothing is written yet. BETWEEN: the transition is known, nothing is sent. AFTER: a message
is sent, and nobody has kept that it was. NEVER: it lives.
"""

import os
import signal
import sys
from typing import Any

from infra.alerting import delivering, outbox, ticking
from infra.cli.main import app


def _die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    point = sys.argv.pop(1)
    if point == "BEFORE":
        ticking.events.frame_of = _die  # type: ignore[assignment]
    elif point == "BETWEEN":
        delivering.Delivery.run = _die  # type: ignore[method-assign, assignment]
    elif point == "AFTER":
        outbox.record = _die  # type: ignore[assignment]
    app(["alerts", "run", "--json"])
