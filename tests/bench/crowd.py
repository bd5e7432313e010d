"""Viewers of a board by the hundred, in one process: `python -m tests.bench.crowd URL COUNT`.

The token comes by the first line of input. They take what they are sent, as browsers do (gzip), and
count; at the end of the input they tell: {"open": ..., "bytes": ..., "refused": ...}.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 16
BEGIN_AT_ONCE = 25


class Crowd:
    """Viewers who look at one thing."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._where = parts.hostname or "127.0.0.1", parts.port or 80
        self._asked = (
            f"GET /events?period=quarter&by=revenue HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {token}\r\nAccept-Encoding: gzip\r\n\r\n"
        ).encode()
        self.open = self.bytes = self.refused = 0
        self._turns = asyncio.Semaphore(BEGIN_AT_ONCE)

    async def view(self) -> None:
        """Look for as long as there is something to see."""
        async with self._turns:
            reader, writer = await asyncio.open_connection(*self._where)
            writer.write(self._asked)
            status = await reader.readline()
        if b" 200 " not in status:
            self.refused += 1
            return
        self.open += 1
        while chunk := await reader.read(CHUNK_BYTES):
            self.bytes += len(chunk)
        self.open -= 1


async def main(url: str, count: int) -> None:
    """Hold viewers until the input ends; then tell."""
    loop = asyncio.get_running_loop()
    token = (await loop.run_in_executor(None, sys.stdin.readline)).strip()
    crowd = Crowd(url, token)
    viewers = [asyncio.create_task(crowd.view()) for _ in range(count)]
    while crowd.open + crowd.refused < count:
        await asyncio.sleep(0.1)
    print("open", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"open": crowd.open, "bytes": crowd.bytes, "refused": crowd.refused}))
    for viewer in viewers:
        viewer.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
