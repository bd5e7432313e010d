from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.cli import board
from infra.cli.trouble import Trouble
from streams.settings import Settings, settings

root = typer.Typer()
board.register(root)


@root.command()
def other() -> None:
    """A second command, so that the group is one."""


def test_help_teaches_with_an_example() -> None:
    for arguments in (["board", "--help"], ["board", "link", "--help"]):
        told = CliRunner().invoke(root, arguments)
        assert told.exit_code == 0
        assert "Example:" in told.output


def test_a_link_without_an_installation_says_what_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACESETTER_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    try:
        result = CliRunner().invoke(root, ["board", "link"])
    finally:
        settings.cache_clear()
    assert isinstance(result.exception, Trouble)
    assert "pacesetter up" in str(result.exception)


def test_the_board_reads_where_everybody_else_reads(tmp_path: Path) -> None:
    ours = Settings(data_dir=tmp_path, broker_port=1234, board_port=99, warehouse_token="ps_x")
    config = board.config_of(ours, "Berlin")
    assert (config.bootstrap, config.port, config.title) == ("127.0.0.1:1234", 99, "Berlin")
    assert config.warehouse_token == "ps_x"
    assert "ps_x" not in repr(config)
    assert config.principals.parent == config.sessions.parent == tmp_path
    assert config.kafka == {}
    assert (config.rings_per_hour, config.quotas) == (20, True)
    shy = Settings(warehouse_token="ps_x", board_rings_per_hour=3, board_quotas=False)
    assert (board.config_of(shy).rings_per_hour, board.config_of(shy).quotas) == (3, False)


def test_a_secured_kafka_is_spoken_to_as_the_settings_say() -> None:
    ours = Settings(
        kafka_security="SASL_SSL", kafka_username="board", kafka_password="secret",
        kafka_sasl_mechanism="PLAIN",
    )  # fmt: skip
    kafka = board.config_of(ours).kafka
    assert kafka["security_protocol"] == "SASL_SSL"
    assert kafka["ssl_context"] is not None
    assert (kafka["sasl_mechanism"], kafka["sasl_plain_username"]) == ("PLAIN", "board")
