"""The commands of infra/compose.yaml, each run by hand against broker and warehouse.

A container engine is not needed for that: what a container would run is run here, with the same
environment but for addresses.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from infra.local.ports import http_ok
from tests.brokers import free_port, running_broker
from tests.ground import ROOT, stop, wait_for, warehouse

COMPOSE = yaml.safe_load((ROOT / "infra" / "compose.yaml").read_text())
READY = {"worker": "METRICS", "intake": "INTAKE", "gateway": "GATEWAY", "board": "BOARD"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_setup_runs_once_and_every_service_gets_ready(tmp_path: Path) -> None:
    with running_broker(with_topics=False) as broker, ExitStack() as ended:
        port = free_port()
        token = ended.enter_context(warehouse(tmp_path, port))
        (tmp_path / "password").write_text(token)
        (tmp_path / "service.token").write_text(token)  # as a first start leaves it
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PACESETTER_")},
            **COMPOSE["x-pacesetter"]["environment"],
            "PACESETTER_PUBLIC_URL": "",  # as it is without .env
            "PACESETTER_DATA_DIR": str(tmp_path),
            "PACESETTER_KAFKA_BOOTSTRAP": broker.address,
            "PACESETTER_WAREHOUSE_URL": f"http://127.0.0.1:{port}",
            "PACESETTER_WAREHOUSE_TOKEN_FILE": str(tmp_path / "password"),
            **{f"PACESETTER_{name}_PORT": str(free_port()) for name in READY.values()},
        }
        del environment["PACESETTER_SCHEMA_REGISTRY_URL"]  # none here; ids are the catalogue's
        for _ in range(2):
            setup = subprocess.run(
                [sys.executable, "-m", "infra.cli.main", *COMPOSE["services"]["setup"]["command"]],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert setup.returncode == 0, setup.stdout + setup.stderr
        for name, which in READY.items():
            ended.enter_context(_service(name, environment, tmp_path))
            address = f"http://127.0.0.1:{environment[f'PACESETTER_{which}_PORT']}/readyz"
            wait_for(lambda address=address: http_ok(address), f"{name} at {address}", 60)


@contextmanager
def _service(name: str, environment: dict[str, str], folder: Path) -> Iterator[None]:
    command = COMPOSE["services"][name]["command"]
    with (folder / f"{name}.txt").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", *command],
            cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield
    finally:
        stop(process)
