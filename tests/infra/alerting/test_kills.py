"""Killed anywhere between a transition and its delivery: one transition, one repeat at most."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from schemas.alerts import Alerts
from tests.brokers import Broker
from tests.ground import ROOT
from tests.infra.alerting.conftest import Ground
from tests.infra.alerting.receivers import web
from tests.infra.alerting.test_delivering import SECRET


@pytest.fixture
def alerts(alerts: Alerts) -> Alerts:
    return Alerts.model_validate(
        {"rules": [alerts.rules[0].model_dump()],
         "ways": [{"route": "MANAGER", "channels": ["hook"]}],
         "working_hours": {"since": "00:00", "until": "23:59"}}
    )  # fmt: skip


@pytest.mark.slow
def test_a_kill_repeats_one_message_at_most_and_never_a_transition(
    ground: Ground, server: tuple[str, str, Any], broker: Broker, tmp_path: Path
) -> None:
    url, token, _ = server
    (tmp_path / "secret").write_text(SECRET)
    with web() as receiver:
        environment = {
            **os.environ, "PACESETTER_WAREHOUSE_URL": url, "PACESETTER_WAREHOUSE_TOKEN": token,
            "PACESETTER_DATA_DIR": str(tmp_path), "PACESETTER_KAFKA_BOOTSTRAP": broker.address,
            "PACESETTER_CHANNELS": json.dumps(
                {"hook": {"kind": "webhook", "private": True,
                          "secret_file": str(tmp_path / "secret")}}
            ),
            "PACESETTER_CHANNEL_HOOK_URL": receiver.url, "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        counted = []
        for point in ("BEFORE", "BETWEEN", "AFTER", "NEVER", "NEVER"):
            ran = subprocess.run(
                [sys.executable, "-m", "tests.infra.alerting.killed", point],
                env=environment, cwd=tmp_path, check=False, capture_output=True, text=True,
            )  # fmt: skip
            assert ran.returncode == (0 if point == "NEVER" else -9), ran.stderr
            rows = ground.rows("SELECT count() FROM spm.alert_event FINAL WHERE after = 'FIRING'")
            counted.append((point, rows[0][0], len(receiver.posts)))
    assert counted == [
        ("BEFORE", 0, 0), ("BETWEEN", 1, 0), ("AFTER", 1, 1), ("NEVER", 1, 2), ("NEVER", 1, 2)
    ]  # fmt: skip
    keys = Counter(post.headers["Webhook-Id"] for post in receiver.posts)
    assert list(keys.values()) == [2]
    assert ground.rows("SELECT state FROM spm_bi.alert_notice") == [("SENT",)]
    ((at,),) = ground.rows("SELECT at FROM spm.alert_event FINAL")
    at = at.replace(tzinfo=UTC)
    told = [one for _, _, _, one in broker.records("spm.alerts") if one["at"] == at]
    assert [(one["after"], one["subject_id"]) for one in told] == [("FIRING", "idle")]
