"""A floor in Salesforce, HubSpot and Aircall at once, with all that goes wrong: counted once each.

Gateway and sources run as processes and are killed with -9; pushes come twice, late, in the wrong
order or never; vendors are away. In the end ClickHouse has every deal and call as it stands at its
vendor, and `reconcile` finds nothing.

`make sources` runs it with REPS (20), SEED (1) and STEPS (six for each rep) of the environment, and
says how far it is. It costs about half a CPU second for each rep.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.sources.runtime.folder import HOOK, Source, Sources, secret_fields
from connectors.sources.runtime.state import State
from connectors.sources.vendors.contract import Request
from connectors.sources.vendors.registry import vendor
from infra.local.ports import free_port
from infra.sources.asking import made_secret
from tests.connectors.vendors.standin import Standin
from tests.connectors.vendors.standins import STANDINS
from tests.ground import ROOT, Site, site, stop, stretched, wait_for
from tests.load import MEASURES

REPS = int(os.environ.get("REPS", "20"))
SEED = int(os.environ.get("SEED", "1"))
STEPS = int(os.environ.get("STEPS", str(REPS * 6)))
KILLS = max(2, STEPS // 200)
# Half a second for each step on an idle machine; one that others keep busy has five times as much.
pytestmark = [pytest.mark.sources, pytest.mark.timeout(600 + STEPS * 3)]
PUBLIC = "https://hooks.example.com"
VENDORS = {"salesforce": "deal", "hubspot": "deal", "aircall": "call"}
# Aircall is listed by when calls began, three hours back but once a day: a lost push of a later
# change shows by tomorrow.
CALL_CHANGES = timedelta(hours=2)
PATIENCE = timedelta(minutes=4)  # then a vendor gives up; a signature of HubSpot is good for five
STILL_SECONDS_MAX = 120.0  # so long nothing may change before all is as it should be
BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)


@dataclass
class Company:
    """What the vendors have, and so what has to come out."""

    random: random.Random
    reps: int
    standins: dict[str, Standin]
    now: datetime = BEGUN
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    made_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    number: int = 1000

    def step(self) -> None:
        """Let somebody do something."""
        self.now += timedelta(seconds=self.random.randint(5, 60))
        name = self.random.choice(sorted(VENDORS))
        there = [key for key, one in self.records.items() if key[0] == name and self._changes(key)]
        roll = self.random.random()
        if not there or roll < 0.55:
            self.number += 1
            self._put(name, str(self.number))
        elif roll < 0.9 or VENDORS[name] == "call":
            self._put(*self.random.choice(there))
        else:
            _, record_id = self.random.choice(there)
            self.standins[name].delete(VENDORS[name], record_id, self.now)
            self.records[name, record_id]["op"] = "CANCELLED"

    def _changes(self, key: tuple[str, str]) -> bool:
        if VENDORS[key[0]] == "call":
            return self.now - self.made_at[key] < CALL_CHANGES
        return bool(self.records[key]["op"] == "SET")

    def _put(self, name: str, record_id: str) -> None:
        owner = str(5000 + self.random.randrange(self.reps))
        known = self.records.get((name, record_id))
        said: dict[str, Any] = {"owner": known["owner"] if known else owner}
        if VENDORS[name] == "deal":
            stage = self.random.choice(("OPEN", "OPEN", "WON", "LOST"))
            amount = f"{self.random.randint(100, 99_999)}.{self.random.randint(10, 99)}"
            said |= {"name": f"Deal {record_id}", "amount": amount, "currency": "EUR",
                     "stage": stage, "close_date": self.now.date().isoformat()}  # fmt: skip
        else:
            said |= {"seconds": self.random.randint(10, 900), "connected": True}
        self.standins[name].put(VENDORS[name], record_id, self.now, **said)
        self.records[name, record_id] = {**said, "op": "SET"}
        self.made_at.setdefault((name, record_id), self.now)


class Processes:
    """Gateway and sources as processes of an installation."""

    def __init__(self, made: Site, folder: Path) -> None:
        self._made, self._folder = made, folder
        self.port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0

    def start(self, name: str) -> None:
        words = {"gateway": ("gateway",), "sources": ("source", "run")}[name]
        env = {**self._made.env, "PACESETTER_GATEWAY_PORT": str(self.port),
               "PACESETTER_PUBLIC_URL": PUBLIC}  # fmt: skip
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "infra.cli.main", *words],
                cwd=ROOT, env=env, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGKILL)
        self._processes[name].wait(10)
        self.kills += 1
        self.start(name)

    def close(self) -> None:
        for process in self._processes.values():
            stop(process, signal.SIGKILL)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", verify=False).is_success
        except httpx.TransportError:
            return False

    def post(self, request: Request) -> bool:
        """Return whether a push was taken."""
        try:
            return httpx.request(
                request.method, f"http://127.0.0.1:{self.port}{request.target}",
                headers=dict(request.headers), content=request.body, verify=False, timeout=10,
            ).is_success  # fmt: skip
        except httpx.TransportError:
            return False

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()[-4000:]


def definitions(reps: int) -> dict[str, Any]:
    stint = {"valid_from": "2020-01-01", "team_id": "t", "time_zone": "Europe/Berlin"}
    return {
        "company": {"name": "T", "reporting_currency": "EUR", "time_zone": "Europe/Berlin"},
        "roster": {
            "teams": [{"team_id": "t", "name": "T"}],
            "reps": [{"rep_id": f"r{n}", "history": [stint]} for n in range(reps)],
        },
        "identities": {
            "identities": [
                {"source": source, "user_id": str(5000 + n), "rep_id": f"r{n}"}
                for source in VENDORS
                for n in range(reps)
            ]
        },
        "rates": {"rates": [{"base": "USD", "quote": "EUR", "on": "2020-01-01", "rate": "0.9"}]},
        "measures": {
            "measures": [
                {"measure": name, "of": of, "rule": name, "unit": unit, "label": name,
                 "description": ""}
                for name, (of, unit) in MEASURES.items()
            ]
        },
    }  # fmt: skip


def added(sources: Sources, name: str, standin: Standin) -> str:
    """Return the secret of a new source's pushes."""
    hidden = secret_fields(vendor(name).settings)
    given, secret = dict(standin.settings), made_secret()
    secrets = {k: str(v) for k, v in given.items() if k in hidden}
    plain = {k: v for k, v in given.items() if k not in hidden}
    sources.add(Source(name, name, plain, poll_seconds=1.0), {**secrets, HOOK: secret})
    return secret


def in_warehouse(made: Site) -> dict[tuple[str, str], dict[str, Any]]:
    """Return how deals and calls stand, by source and their identifier there."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, table, fields in (
        ("deal", "spm.deal", "amount, stage_class"),
        ("call", "spm.activity", "talk_seconds"),
    ):
        rows = made.frame(
            f"SELECT source, source_id, op, rep_id, {fields} FROM {table} FINAL WHERE kind = "
            f"'{kind}' ORDER BY entity_id, position DESC LIMIT 1 BY entity_id"
        )
        for row in rows.iter_rows(named=True):
            key = (row["source"], row["source_id"])
            assert key not in found, f"{key} is there twice"
            found[key] = row
    return found


def wrong(company: Company, found: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    """Return what is not as its vendor has it."""
    said = []
    named = {
        (name, getattr(company.standins[name], "id_of", lambda _, n: n)(VENDORS[name], number)): one
        for (name, number), one in company.records.items()
    }
    said += [f"{key} is nobody's" for key in found.keys() - named.keys()]
    for key, one in named.items():
        there = found.get(key)
        if one["op"] == "CANCELLED":  # perhaps before anybody saw it, or its last state
            said += [f"{key} is there still"] if there and there["op"] == "SET" else []
            continue
        if there is None:
            said.append(f"{key} is missing")
            continue
        rep = f"r{int(one['owner']) - 5000}"
        pairs = [(there["op"], one["op"]), (there["rep_id"], rep)]
        if "amount" in one:
            pairs += [(there["amount"], Decimal(one["amount"])),
                      (there["stage_class"], one["stage"])]  # fmt: skip
        else:
            pairs.append((there["talk_seconds"], one["seconds"]))
        said += [f"{key}: {a} is not {b}" for a, b in pairs if a != b]
    return said


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, partitions=2) as found:
        yield found


def run(made: Site, folder: Path, say: Callable[[str], None]) -> None:
    made.define(1, definitions(REPS))
    made.open_epochs()
    sources = Sources(folder / "sources")
    with ExitStack() as stack:
        standins = {name: STANDINS[name]() for name in VENDORS}
        for standin in standins.values():
            standin.start()
            stack.callback(standin.stop)
            for number in range(REPS):
                standin.user(str(5000 + number), f"rep{number}@example.com", f"Rep {number}")
        secrets = {name: added(sources, name, one) for name, one in standins.items()}
        company = Company(random.Random(SEED), REPS, standins)
        for _ in range(STEPS // 4):  # what was there before the source was added
            company.step()
        for name in VENDORS:
            standins[name].pushes(f"{PUBLIC}/hooks/{name}", secrets[name])
        made.start_worker()
        processes = Processes(made, folder)
        stack.callback(processes.close)
        processes.start("gateway")
        processes.start("sources")
        wait_for(processes.is_ready, "gateway", 60)
        _live(company, processes, secrets, say)
        for standin in standins.values():
            standin.outage(False)
        _settled(made, sources, company, processes, say)


def _live(
    company: Company, processes: Processes, secrets: dict[str, str], say: Callable[[str], None]
) -> None:
    """Let things happen, and pushes of them come as they come."""
    late: list[tuple[datetime, Request]] = []
    fatal = {STEPS * (n + 1) // (KILLS + 1): n for n in range(KILLS)}
    given_up = 0
    for number in range(STEPS):
        company.step()
        now = datetime.now(UTC)
        late += [(now, request) for request in _pushed(company, secrets)]
        company.random.shuffle(late)
        while len(late) > 8 and processes.post(late[-1][1]):
            late.pop()
        given_up += sum(now - at > PATIENCE for at, _ in late)
        late = [(at, request) for at, request in late if now - at <= PATIENCE]
        if number % 40 in (0, 10):  # one of them is away for a quarter of the time
            down = company.random.choice(sorted(VENDORS)) if number % 40 == 0 else ""
            for name, standin in company.standins.items():
                standin.outage(name == down)
        if number in fatal:
            processes.kill("sources" if fatal[number] % 2 == 0 else "gateway")
        if number % 50 == 0:
            say(f"step {number} of {STEPS}: {len(late)} pushes on their way, {given_up} given up, "
                f"{processes.kills} kills")  # fmt: skip
        time.sleep(0.02)
    wait_for(processes.is_ready, "gateway", 60)
    for at, request in late:
        if datetime.now(UTC) - at < PATIENCE:
            wait_for(lambda request=request: processes.post(request), "a push is taken", 30)


def _pushed(company: Company, secrets: dict[str, str]) -> list[Request]:
    """Return what vendors push now: the tenth is lost for good, some come twice."""
    return [
        request
        for name, standin in company.standins.items()
        for request in standin.pushes(f"{PUBLIC}/hooks/{name}", secrets[name])
        for _ in range(company.random.choices((0, 1, 2), (10, 70, 20))[0])
    ]


def _settled(
    made: Site,
    sources: Sources,
    company: Company,
    processes: Processes,
    say: Callable[[str], None],
) -> None:
    """Wait until all is as at the vendors; then nothing differs from history."""
    left, moved_at = ["everything"], time.monotonic()
    while left and time.monotonic() - moved_at < stretched(STILL_SECONDS_MAX):
        before, left = left, wrong(company, in_warehouse(made))
        if left != before:
            say(f"{len(left)} of {len(company.records)} records are not yet as they should be")
            moved_at = time.monotonic()
        time.sleep(1.0 if left else 0.0)
    assert not left, f"{len(left)}: {left[:8]}\n{processes.log('sources')}"
    made.wait_applied()
    for name in VENDORS:
        state = State(sources.state_path(name))
        assert state.counts()["aside"] == 0
        state.close()
    answer = subprocess.run(
        [sys.executable, "-m", "infra.cli.main", "reconcile", "--json"],
        cwd=ROOT, env={**os.environ, **made.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    assert json.loads(answer.stdout)


def test_a_floor_comes_out_once_each(
    made: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    began = time.monotonic()

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{time.monotonic() - began:4.0f} s  {text}", end="", flush=True)

    run(made, tmp_path, say)
