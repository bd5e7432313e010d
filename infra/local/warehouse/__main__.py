"""Serve a data folder: `python -m infra.local.warehouse --data-dir D --principals P`."""

import argparse
import sys
from pathlib import Path

from infra.local.warehouse.lock import DataFolderHeld
from infra.local.warehouse.server import HOST, PORT, serve


def main() -> int:
    """Return the exit status: 0 after a clean stop, 1 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.warehouse", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder that holds the data")
    parser.add_argument("--principals", type=Path, required=True, help="file of principals")
    parser.add_argument("--host", default=HOST, help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one")
    asked = parser.parse_args()

    def ready(host: str, port: int) -> None:
        print(f"http://{host}:{port}", flush=True)  # whoever started us waits for this line

    try:
        serve(asked.data_dir, asked.principals, host=asked.host, port=asked.port, on_ready=ready)
    except (DataFolderHeld, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
