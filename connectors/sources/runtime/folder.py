"""Where sources are kept: a folder each, with settings, secrets, mapping and memory.

    sources/<name>/source.yaml      what was asked when it was added, but for secrets
                   secrets/<field>  one secret each, for the owner's eyes; `hook` is the push's
                   mapping.yaml     the company's copy of the shipped mapping
                   mapping.number   counts the contents it has had
                   state.sqlite3    cursors and last states; made anew from Kafka if lost

A secret may instead come by environment: PACESETTER_SOURCE_<NAME>_<FIELD>.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from connectors.sources.vendors.contract import Vendor
from connectors.sources.vendors.registry import vendor as vendor_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")  # part of a topic's name and of entity ids
HOOK, HOOK_BEFORE = "hook", "hook.previous"
POLL_SECONDS = 300.0  # push paths lose events; five minutes late is what people forgive
SECRET_MIN = 8  # a shorter one is guessed, and would be found in bodies by chance


class BadSource(ValueError):
    """A source's settings cannot be used; str() says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source, as source.yaml has it.

    Attributes:
        settings: fields of Vendor.settings but for secrets.
        reconciles: counts how often a person asked to list everything anew.
        replays: counts how often a person asked to map again what is kept in raw.<source>.
    """

    name: str
    vendor: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_paused: bool = False
    poll_seconds: float = POLL_SECONDS
    reconciles: int = 0
    replays: int = 0
    added_at: str = ""


class Sources:
    """The folder of all sources."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Return the names of all sources."""
        return sorted(p.parent.name for p in self.root.glob("*/source.yaml"))

    def read(self, name: str) -> Source:
        """Return a source.

        Raises:
            BadSource: there is none of this name, or its file cannot be read.
        """
        path = self.root / name / "source.yaml"
        try:
            raw = yaml.safe_load(path.read_text("utf-8"))
            source = Source(**{**raw, "name": name})
        except FileNotFoundError:
            there = ", ".join(self.names()) or "none yet; `pacesetter source add` makes one"
            raise BadSource(f"there is no source {name}; there are: {there}") from None
        except (OSError, yaml.YAMLError, TypeError) as error:
            raise BadSource(f"{path}: cannot be read ({error}); correct it") from None
        vendor_named(source)
        return source

    def write(self, source: Source) -> None:
        """Keep a source's settings."""
        folder = self.root / source.name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        raw = {k: v for k, v in asdict(source).items() if k != "name"}
        _replace(folder / "source.yaml", yaml.safe_dump(raw, sort_keys=False, allow_unicode=True))

    def add(self, source: Source, secrets: Mapping[str, str]) -> None:
        """Keep a new source, its secrets, and a copy of the mapping that is shipped.

        Raises:
            BadSource: the name is taken, or is none.
        """
        if not NAME.fullmatch(source.name):
            raise BadSource(f"{source.name!r} is no name; write up to 48 of a-z, 0-9, - and _")
        if (self.root / source.name / "source.yaml").exists():
            raise BadSource(f"there is a source {source.name} already; choose another --name")
        path = self.mapping_path(source.name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, value in secrets.items():
            self.write_secret(source.name, name, value)
        if not path.exists():
            path.write_text(shipped_mapping(vendor_named(source)), "utf-8")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.mapping_number(source.name)
        self.write(replace(source, added_at=at))

    def remove(self, name: str) -> None:
        """Forget a source: settings, secrets, mapping and memory."""
        shutil.rmtree(self.root / name)

    def mapping_path(self, name: str) -> Path:
        """Return the file of a source's mapping."""
        return self.root / name / "mapping.yaml"

    def state_path(self, name: str) -> Path:
        """Return the file of a source's memory."""
        return self.root / name / "state.sqlite3"

    def mapping_number(self, name: str) -> int:
        """Return how many contents the mapping has had before this one, and remember that.

        It is added to revisions, in microseconds: what is mapped again wins over what was mapped
        before.
        """
        digest = hashlib.sha256(self.mapping_path(name).read_bytes()).hexdigest()
        path = self.root / name / "mapping.number"
        number, before = path.read_text("utf-8").split() if path.exists() else ("-1", "")
        if before != digest:
            number = str(int(number) + 1)
            _replace(path, f"{number} {digest}\n")
        return int(number)

    def secret(self, name: str, what: str) -> str | None:
        """Return a secret from the environment, else from its file; None: there is none."""
        variable = f"PACESETTER_SOURCE_{name}_{what}".upper().replace("-", "_").replace(".", "_")
        if told := os.environ.get(variable):
            return told
        path = self.root / name / "secrets" / what
        return path.read_text("utf-8").strip() if path.exists() else None

    def write_secret(self, name: str, what: str, value: str) -> None:
        """Keep a secret in a file only the owner can read."""
        folder = self.root / name / "secrets"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(folder / what, value + "\n", 0o600)

    def rotate_hook(self, name: str, value: str) -> None:
        """Take a new secret of pushes; the one before stays good until `forget_previous`."""
        before = self.secret(name, HOOK)
        if before:
            self.write_secret(name, HOOK_BEFORE, before)
        self.write_secret(name, HOOK, value)

    def forget_previous(self, name: str) -> None:
        """Let the secret before the present one be good no longer."""
        (self.root / name / "secrets" / HOOK_BEFORE).unlink(missing_ok=True)

    def hook_secrets(self, name: str) -> tuple[str, ...]:
        """Return the secrets a push may be signed with."""
        found = (self.secret(name, HOOK), self.secret(name, HOOK_BEFORE))
        return tuple(secret for secret in found if secret)

    def settings(self, source: Source) -> BaseModel:
        """Return what the vendor's client is made of, secrets included.

        Raises:
            BadSource: something is missing or wrong.
        """
        model = vendor_named(source).settings
        secrets = {n: self.secret(source.name, n) for n in secret_fields(model)}
        given = {**source.settings, **{n: v for n, v in secrets.items() if v is not None}}
        return checked_settings(model, given, source.name)


def vendor_named(source: Source) -> Vendor:
    """Return the vendor of a source.

    Raises:
        BadSource: there is no such vendor.
    """
    try:
        return vendor_of(source.vendor)
    except KeyError as error:
        raise BadSource(str(error.args[0])) from None


def checked_settings(model: type[BaseModel], given: Mapping[str, Any], name: str) -> BaseModel:
    """Return settings, checked.

    Raises:
        BadSource: names each field that is wrong, never its value.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        )
        raise BadSource(f"source {name}: {wrong}") from None


def secret_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields of settings that are secrets."""
    return tuple(
        name
        for name, info in model.model_fields.items()
        if info.annotation is SecretStr or SecretStr in get_args(info.annotation)
    )


def shipped_mapping(vendor: Vendor) -> str:
    """Return the text of the mapping that comes with a vendor."""
    return (files("connectors.sources.vendors") / "mappings" / vendor.mapping).read_text("utf-8")


def _replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that it is there in full or as it was."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
