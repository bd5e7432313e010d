"""A worker: `python -m streams`."""

import faust

from streams.app import make_app, outside
from streams.settings import settings


def main() -> None:
    """Run a worker until it is told to stop."""
    chosen = settings()
    app = make_app(chosen, outside(chosen))
    faust.Worker(app, loglevel="INFO").execute_from_commandline()


if __name__ == "__main__":
    main()
