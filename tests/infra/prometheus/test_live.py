"""The real Prometheus and Alertmanager on a real worker: what happens reaches a local webhook."""

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.ports import http_ok
from schemas.codec import CatalogueIds, encode
from tests.brokers import free_port
from tests.ground import ROOT, Site, site, stop, wait_for
from tests.infra.prometheus.shipped import FOLDER
from tests.infra.warehouse.serving import absent, need
from tests.load import definitions

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.external]
TOKEN = "a token from a file"


@dataclass
class Hook:
    """A webhook on this machine, and what came to it: where, with which token, what about."""

    port: int = 0
    came: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def names(self, path: str, status: str = "firing") -> set[str]:
        """Return the alerts that came to a path."""
        return self._labels("alertname", path, status)

    def teams(self, path: str) -> set[str]:
        """Return the teams about which something came to a path."""
        return self._labels("team", path, "firing")

    def _labels(self, name: str, path: str, status: str) -> set[str]:
        return {
            alert["labels"].get(name, "")
            for where, _, body in self.came
            for alert in body["alerts"]
            if (where, alert["status"]) == (path, status)
        }


@contextmanager
def hook() -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.came.append((self.path, self.headers["Authorization"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(
    ready: str, log: Path, *command: str, env: dict[str, str] | None = None
) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: http_ok(ready), f"{command[0]}: {log.read_text()[-2000:]}")
        yield
    finally:
        stop(process)


def in_haste(folder: Path, ports: dict[str, int]) -> None:
    """Write the shipped files with the addresses of a test, seconds for minutes, and no nights."""
    (folder / "rules").mkdir()
    for path in (FOLDER / "rules").glob("*.yml"):
        hasty = re.sub(r"^(\s+for:) \w+$", r"\1 1s", path.read_text(), flags=re.MULTILINE)
        (folder / "rules" / path.name).write_text(hasty)
    config = yaml.safe_load((FOLDER / "embedded.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"] = [c for c in config["scrape_configs"] if c["job_name"] in ports]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [f"127.0.0.1:{ports['alertmanager']}"]}]}
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "token").write_text(TOKEN)
    text = (FOLDER / "alertmanager.yml").read_text()
    text = re.sub(r"(group_wait|group_interval|repeat_interval): \w+", r"\1: 1s", text)
    text = text.replace("127.0.0.1:9099", f"127.0.0.1:{ports['webhook']}")
    text = text.replace("/run/secrets/alert_webhook_token", str(folder / "token"))
    text = text.replace("monday:friday", "sunday:saturday")
    text = text.replace('"08:00"', '"00:00"').replace('"18:00"', '"24:00"')
    (folder / "alertmanager.yml").write_text(text)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[tuple[Site, Hook, str]]:
    """A worker that is ready, watched by both; where it is told of, and Alertmanager's address."""
    manager = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if manager is None:
        absent("prometheus-alertmanager is not installed")
    prometheus = need("prometheus")
    with site(tmp_path / "site", partitions=2) as made, hook() as webhook:
        made.define(1, definitions(3))
        made.open_epochs()
        made.start_worker()
        wait_for(lambda: not made.trouble(), "worker")
        ports = {name: free_port() for name in ("alerts", "alertmanager", "prometheus")}
        in_haste(tmp_path, ports | {"worker": made.metrics_port, "webhook": webhook.port})
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        watch = ("alerts", "run", "--watch", "4", "--metrics-port", str(ports["alerts"]))
        with (
            running(
                f"{urls['alerts']}/metrics", tmp_path / "alerts.log",
                *(sys.executable, "-m", "infra.cli.main", *watch), env=made.env,
            ),
            running(
                f"{urls['alertmanager']}/-/ready", tmp_path / "alertmanager.log", str(manager),
                f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/am",
                f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
                "--cluster.listen-address=",
            ),
            running(
                f"{urls['prometheus']}/-/ready", tmp_path / "prometheus.log", prometheus,
                f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/tsdb",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
            ),
        ):  # fmt: skip
            yield made, webhook, urls["alertmanager"]


def post_floor_alert(manager: str, team: str) -> None:
    """Tell Alertmanager what Prometheus would if a team were behind."""
    now = datetime.now(UTC)
    labels = {"alertname": "PacesetterQuotaUnlikely", "scope": "floor", "severity": "warning",
              "team": team}  # fmt: skip
    body = [{"labels": labels, "startsAt": now.isoformat(),
             "endsAt": (now + timedelta(minutes=10)).isoformat()}]  # fmt: skip
    urllib.request.urlopen(
        urllib.request.Request(
            f"{manager}/api/v2/alerts", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        ),
        timeout=5,
    ).close()  # fmt: skip


def is_inhibited(manager: str, team: str) -> bool:
    with urllib.request.urlopen(f"{manager}/api/v2/alerts", timeout=5) as answer:
        found = json.load(answer)
    return any(a["labels"].get("team") == team and a["status"]["inhibitedBy"] for a in found)


def tell_progress(made: Site) -> None:
    """Let a source say that it is complete through now."""
    now = datetime.now(UTC)
    record = {"source": "crm", "complete_through": now, "observed_at": now, "detail": ""}
    made.send("crm.progress", b"crm", encode("progress", record, CatalogueIds()))


def test_what_happens_is_told_and_old_numbers_keep_the_floor_quiet(
    ground: tuple[Site, Hook, str],
) -> None:
    made, webhook, manager = ground
    wait_for(lambda: "PacesetterDeadman" in webhook.names("/deadman"), "the dead man")
    made.send("crm.calls", b"k", b"\xff no call at all")
    wait_for(lambda: "PacesetterDeadLetters" in webhook.names("/ops"), "a record set aside")

    wait_for(lambda: "PacesetterDataLate" in webhook.names("/ops"), "no source ever spoke")
    post_floor_alert(manager, "emea")
    wait_for(lambda: is_inhibited(manager, "emea"), "a mute")
    assert webhook.names("/floor") == set()
    tell_progress(made)
    wait_for(lambda: "PacesetterDataLate" in webhook.names("/ops", "resolved"), "news")
    wait_for(lambda: "PacesetterQuotaUnlikely" in webhook.names("/floor"), "no mute any more")

    port = made.metrics_port
    stop(made.workers[-1])
    wait_for(lambda: "PacesetterNoWorker" in webhook.names("/ops"), "no worker")
    post_floor_alert(manager, "apac")
    wait_for(lambda: is_inhibited(manager, "apac"), "a mute")
    assert "apac" not in webhook.teams("/floor")
    made.start_worker(PACESETTER_METRICS_PORT=str(port))
    made.metrics_port = port
    wait_for(lambda: "PacesetterNoWorker" in webhook.names("/ops", "resolved"), "it is back")
    wait_for(lambda: "apac" in webhook.teams("/floor"), "no mute any more")
    assert {token for _, token, _ in webhook.came} == {f"Bearer {TOKEN}"}
