"""A worker: `python -m streams`."""
# ruff: noqa: E402  # some things must be said before the first thread, and imports start threads

import gc
import os

# One thread of polars: the other core belongs to broker and warehouse, and a call that must wait
# for a second thread to wake up takes twice as long. Read when polars is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from streams import heap

heap.share_one()

import faust

from streams.app import make_app
from streams.outside import outside
from streams.settings import settings

# Records come and go by the ten thousand, none of them in cycles. Looking through them after every
# 700 new ones would cost more than decoding them.
COLLECT_EVERY = 200_000


def main() -> None:
    """Run a worker until it is told to stop."""
    chosen = settings()
    app = make_app(chosen, outside(chosen, ahead=True))
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 50)
    faust.Worker(app, loglevel="INFO").execute_from_commandline()


if __name__ == "__main__":
    main()
