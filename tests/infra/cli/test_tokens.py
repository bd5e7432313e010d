"""`pacesetter token`: a token is shown once, works at the doors, and stops when it is revoked."""

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connectors.principals import PrincipalFile
from infra.cli.tokens import app
from schemas.principals import Principal, Role
from streams.settings import settings


def run(*args: str) -> Result:
    return CliRunner().invoke(app, args, catch_exceptions=False)


@pytest.fixture(autouse=True)
def data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    return tmp_path / "data"


def test_a_token_names_its_holder_until_it_is_revoked(data_dir: Path) -> None:
    made = run("create", "dana", "--role", "manager", "--rep", "hp-08")
    assert made.exit_code == 0
    token = made.stdout.strip()
    file = PrincipalFile(data_dir / "principals.json")
    assert file.by_token(token) == Principal("dana", Role.MANAGER, "hp-08")
    assert token not in (data_dir / "principals.json").read_text()
    assert stat.S_IMODE(os.stat(data_dir / "principals.json").st_mode) == 0o600
    listed = run("list")
    assert "hp-08" in listed.stdout
    assert token not in listed.stdout + run("list", "--json").stdout
    assert run("revoke", "dana").exit_code == 0
    assert file.by_token(token) is None


def test_a_second_token_of_a_name_needs_a_word(data_dir: Path) -> None:
    first = run("create", "crm", "--role", "source", "--source", "hubspot").stdout.strip()
    assert run("create", "crm", "--role", "source", "--source", "hubspot").exit_code == 2
    again = run("create", "crm", "--role", "source", "--source", "hubspot", "--replace", "--json")
    file = PrincipalFile(data_dir / "principals.json")
    assert file.by_token(first) is None
    assert file.by_token(json.loads(again.stdout)["token"]) is not None


@pytest.mark.parametrize(
    "args",
    [
        ("create", "dana", "--role", "manager"),
        ("create", "dana", "--role", "finance", "--rep", "hp-08"),
        ("create", "crm", "--role", "source"),
        ("create", "tv", "--role", "display", "--source", "api"),
        ("create", " tv", "--role", "display"),
        ("create", "tv", "--role", "king"),
    ],
)
def test_a_role_takes_what_it_needs_and_nothing_else(data_dir: Path, args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2
    assert not (data_dir / "principals.json").exists()


def test_revoking_nobody_says_who_may_be_meant() -> None:
    run("create", "lobby-screen", "--role", "display")
    missed = run("revoke", "loby-screen")
    assert missed.exit_code == 1
    assert "did you mean lobby-screen?" in missed.stderr
