"""Apache Kafka on this machine: fetched once by Maven, formatted once per data folder, started.

Its log is on disk, so it outlives the broker and the machine. Java and Maven are needed for this
alone. The jars are kept in the user's cache and shared by all data folders.
"""

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

from infra.local import ports
from infra.local.processes import Service
from streams.settings import Settings

JAVA_MIN = 17  # Kafka 4 is compiled for it
JARS_ABOUT = 46
FETCH_SECONDS_MAX = 600  # 43 MB, and Maven's own plugins the first time
START_SECONDS_MAX = 60.0  # a log that was not closed is read through first
STOP_SECONDS = 30.0  # it closes its logs, so that the next start need not read them through
FOLDER, LOG, PROPERTIES = "kafka", "log", "server.properties"
GROUND = files("infra") / "kafka"
Say = Callable[[str], None]


class CannotRun(RuntimeError):
    """This machine cannot run Apache Kafka as it is; str() says what to do."""


def version() -> str:
    """Return the version of Apache Kafka that infra/kafka/pom.xml names."""
    found = re.search(r"<version>([\d.]+)</version>", (GROUND / "pom.xml").read_text("utf-8"))
    assert found
    return found[1]


def java() -> str:
    """Return the path of a Java that is new enough.

    Raises:
        CannotRun: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    told = "there is none"
    if path:
        asked = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)  # noqa: S603  # java itself
        found = re.search(r'version "(\d+)', asked.stderr)
        if found and int(found[1]) >= JAVA_MIN:
            return path
        told = f"{path} is {found[1]}" if found else f"{path} does not run"
    raise CannotRun(
        f"Apache Kafka needs Java {JAVA_MIN} or newer, and {told}. On Debian: apt install "
        "openjdk-17-jre-headless; on macOS: brew install openjdk@17. Or leave out "
        "`--broker apache`: the embedded broker needs nothing, and forgets its log when it stops"
    )


def jars_of(settings: Settings) -> Path:
    """Return the folder of Kafka's jars, whether they are there yet or not."""
    if settings.broker_jars is not None:
        return settings.broker_jars
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "pacesetter" / f"kafka-{version()}"


def are_there(jars: Path) -> bool:
    """Return whether a folder holds a broker."""
    return any(jars.glob("kafka_*.jar"))


def fetch(settings: Settings, say: Say) -> Path:
    """Return the folder of Kafka's jars, fetched by Maven if they are not there.

    Raises:
        CannotRun: Maven is missing, or they cannot be fetched.
    """
    jars = jars_of(settings)
    if are_there(jars):
        return jars
    if settings.broker_jars is not None:
        raise CannotRun(
            f"broker_jars is {jars}, and no kafka_*.jar is there; name the folder `libs` of an "
            "Apache Kafka 4.1 distribution, or leave the setting out"
        )
    maven = shutil.which("mvn")
    if maven is None:
        raise CannotRun(
            "Apache Kafka is fetched by Maven, and mvn is not installed. On Debian: apt install "
            "maven; on macOS: brew install maven. Or set broker_jars to the folder `libs` of an "
            "Apache Kafka 4.1 distribution"
        )
    say(f"fetching Apache Kafka {version()} into {jars} (43 MB, once) ...")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="fetching-") as draft:
        _download(maven, Path(draft) / "jars", say)
        try:
            (Path(draft) / "jars").rename(jars)  # whole or not at all
        except OSError:
            if not are_there(jars):  # somebody else has fetched them meanwhile
                raise
    return jars


def _download(maven: str, into: Path, say: Say) -> None:
    with as_file(GROUND / "pom.xml") as pom:
        command = [maven, "-B", "-C", "-f", str(pom), "dependency:copy-dependencies",
                   "-DincludeScope=runtime", f"-DoutputDirectory={into}"]  # fmt: skip
        run = subprocess.Popen(  # noqa: S603  # Maven itself
            ["timeout", str(FETCH_SECONDS_MAX), *command] if shutil.which("timeout") else command,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        lines, done = [], 0
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line.rstrip())
            if "Downloaded" in line and ".jar" in line and "/maven/" not in line:
                done += 1
                if done % 10 == 0:
                    say(f"  {done} of about {JARS_ABOUT} jars")
    if run.wait() or not are_there(into):
        told = [line for line in lines if "ERROR" in line][:3] or lines[-3:]
        raise CannotRun(
            "Apache Kafka could not be fetched. Is the network up, and does ~/.m2/settings.xml "
            "name your proxy or mirror? Maven says:\n  " + "\n  ".join(told)
        )


def folder_of(settings: Settings) -> Path:
    """Return the folder that holds the broker's log and its properties."""
    return Path(settings.data_dir).resolve() / FOLDER


def is_formatted(settings: Settings) -> bool:
    """Return whether a data folder holds a log of Apache Kafka."""
    return (folder_of(settings) / LOG / "meta.properties").exists()


def chosen(settings: Settings, asked: str | None = None) -> Settings:
    """Return the settings with the broker that a data folder is to be run with.

    A folder that holds a log of Apache Kafka goes on with it unless told otherwise.

    Args:
        asked: `embedded` or `apache` by word of mouth; None leaves it to the settings.

    Raises:
        CannotRun: the embedded broker is asked for, and would leave that log behind.
    """
    broker = asked or settings.broker
    if broker == "embedded" and is_formatted(settings):
        if asked or "broker" in settings.model_fields_set:
            raise CannotRun(
                f"{folder_of(settings)} holds the log of this installation, and the embedded "
                "broker would go on without it. Leave out the choice of `embedded`, or move that "
                "folder away for good"
            )
        broker = "apache"
    return settings.model_copy(update={"broker": broker})


def service(settings: Settings, name: str, say: Say, log_level: str = "warn") -> Service:
    """Return the broker, ready to be started: fetched, with its log formatted.

    Raises:
        CannotRun: this machine cannot run it.
    """
    program, jars = java(), fetch(settings, say)
    properties = _write_properties(settings)
    if not is_formatted(settings):
        _format(program, jars, properties)
    address = f"127.0.0.1:{settings.broker_port}"
    return Service(
        name,
        (
            program, f"-Xmx{settings.broker_heap}", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
            "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true", *_logging(log_level),
            "-cp", f"{jars}/*", "kafka.Kafka", str(properties),
        ),
        address,
        partial(_is_ready, settings),
        ready_seconds_max=START_SECONDS_MAX,
        stop_seconds=STOP_SECONDS,
    )  # fmt: skip


def _write_properties(settings: Settings) -> Path:
    """Write the properties anew: ports may have changed since the last start."""
    folder = folder_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    text = (GROUND / PROPERTIES).read_text("utf-8")
    for key, value in {
        "{broker_port}": settings.broker_port,
        "{controller_port}": ports.free_port(),  # nobody but the node itself calls it
        "{log_dir}": folder / LOG,
    }.items():
        text = text.replace(key, str(value))
    path = folder / PROPERTIES
    path.write_text(text, "utf-8")
    return path


def _format(program: str, jars: Path, properties: Path) -> None:
    done = subprocess.run(  # noqa: S603  # Kafka's own tool
        [program, "-Xmx128m", "-XX:TieredStopAtLevel=1", *_logging("error"), "-cp", f"{jars}/*",
         "kafka.tools.StorageTool", "format", "--ignore-formatted",
         "-t", f"pacesetter-{uuid.uuid4().hex[:12]}", "-c", str(properties)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotRun(f"the log of Kafka could not be formatted: {done.stdout}{done.stderr}")


def _logging(level: str) -> tuple[str, ...]:
    simple = "-Dorg.slf4j.simpleLogger"
    return (
        f"{simple}.defaultLogLevel={level}", f"{simple}.showDateTime=true",
        f"{simple}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    )  # fmt: skip


def _is_ready(settings: Settings) -> bool:
    from infra.local.health import broker_trouble  # noqa: PLC0415  # slow to import

    return ports.answers(settings.broker_port) and broker_trouble(settings) is None
