"""How many webhooks a second one gateway takes on one core, and how soon it has Kafka's word.

Off by default: `python -m pytest -m bench tests/bench/test_gateway_load.py -s`. The gateway is a
process of its own, held to one core; senders keep 64 connections and sign every body. What is told:
answered per second, p50 and p99 from sent to answered, and the CPU seconds of the gateway, which is
what can be compared on a machine that does other things too.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors.sources.runtime.folder import HOOK, Source, Sources
from connectors.sources.vendors.contract import Request
from infra.local.ports import free_port
from infra.sources.asking import made_secret
from tests.brokers import running_broker
from tests.connectors.vendors.webhook_standin import Sender
from tests.ground import ROOT, wait_for

pytestmark = pytest.mark.bench
PUBLIC = "https://hooks.example.com"
CONNECTIONS, RATE, SECONDS = 64, 2000, 10
REQUESTS = RATE * SECONDS


def signed(secret: str) -> list[bytes]:
    sender, at = Sender(), datetime.now(UTC)
    for number in range(REQUESTS):
        sender.put("call", f"c{number}", at, seconds=number % 900)
    return [_on_the_wire(one) for one in sender.pushes(f"{PUBLIC}/hooks/webhook", secret)]


def _on_the_wire(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", "host: hooks.example.com",
             *(f"{n}: {v}" for n, v in request.headers.items()),
             f"content-length: {len(request.body)}", "", ""]  # fmt: skip
    return "\r\n".join(lines).encode() + request.body


async def load(port: int, rows: list[bytes]) -> tuple[list[float], float]:
    """Return how long each took, and how long all together, sent at an even pace."""
    ahead, took = iter(enumerate(rows)), []
    began = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, row in ahead:
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent = time.perf_counter()
            writer.write(row)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
            await reader.readexactly(int(length.split(b":")[1]))
            took.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return took, time.perf_counter() - began


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_webhooks_a_second_on_one_core(tmp_path: Path) -> None:
    with running_broker() as broker:
        sources, secret, port = Sources(tmp_path / "sources"), made_secret(), free_port()
        sources.add(Source("webhook", "webhook"), {HOOK: secret})
        env = {**os.environ, "PACESETTER_DATA_DIR": str(tmp_path),
               "PACESETTER_BROKER_PORT": str(broker.port), "PACESETTER_PUBLIC_URL": PUBLIC,
               "PACESETTER_GATEWAY_PORT": str(port)}  # fmt: skip
        gateway = subprocess.Popen(
            ["taskset", "-c", "0", sys.executable, "-m", "infra.cli.main", "gateway"],
            cwd=ROOT, env=env,
        )  # fmt: skip
        try:
            wait_for(lambda: _is_ready(port), "gateway", 60)
            rows = signed(secret)
            before = cpu_seconds(gateway.pid)
            took, seconds = asyncio.run(load(port, rows))
            cpu = cpu_seconds(gateway.pid) - before
        finally:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(20)
    p99 = statistics.quantiles(took, n=100)[98] * 1000
    p50 = statistics.median(took) * 1000
    rate, each = len(took) / seconds, len(took) / cpu
    print(f"\n{rate:,.0f} webhooks/s for {seconds:.1f} s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"gateway: {cpu:.2f} CPU s, {each:,.0f} a CPU second")
    assert len(took) == REQUESTS


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", verify=False).is_success
    except httpx.TransportError:
        return False
