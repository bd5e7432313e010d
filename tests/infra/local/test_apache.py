"""Which broker a data folder is run with, and what is said where Apache Kafka cannot run."""

from pathlib import Path
from typing import Any

import pytest

from infra.local import apache
from infra.local.examination import Level, examine
from streams.settings import Settings


@pytest.fixture
def with_log(tmp_path: Path) -> Path:
    log = tmp_path / apache.FOLDER / apache.LOG
    log.mkdir(parents=True)
    (log / "meta.properties").write_text("cluster.id=x\n")
    return tmp_path


def test_a_new_folder_takes_the_broker_that_is_asked_for(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path)
    assert apache.chosen(here).broker == "embedded"
    assert apache.chosen(here, "apache").broker == "apache"


def test_a_folder_with_a_log_goes_on_with_it(with_log: Path) -> None:
    assert apache.chosen(Settings(data_dir=with_log)).broker == "apache"


def test_leaving_a_log_behind_takes_more_than_a_flag(with_log: Path) -> None:
    with pytest.raises(apache.CannotRun, match="holds the log of this installation"):
        apache.chosen(Settings(data_dir=with_log), "embedded")
    with pytest.raises(apache.CannotRun, match="move that folder away"):
        apache.chosen(Settings(data_dir=with_log, broker="embedded"))


def test_a_folder_of_jars_without_a_broker_is_told(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path, broker_jars=tmp_path)
    with pytest.raises(apache.CannotRun, match=r"broker_jars is .* no kafka_\*\.jar is there"):
        apache.fetch(here, print)


def test_the_doctor_looks_for_java_and_jars(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    here = Settings(data_dir=tmp_path, broker="apache")
    wrong = {f.what: f.remedy for f in examine(here) if f.level is Level.WRONG}
    assert "Java 17 or newer" in wrong["no Java for Apache Kafka"]
    assert "install Maven" in wrong["Apache Kafka is not fetched, and there is no Maven to do it"]


def test_nobody_who_stays_with_the_embedded_broker_hears_of_java(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not [f for f in examine(Settings(data_dir=tmp_path)) if "Java" in f.what]
