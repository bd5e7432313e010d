"""`pacesetter people connect`: an HR system that people are synced from; and asking it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from infra.cli.reaching import WRONG, fail
from infra.cli.source_add import Set, Yes, ask

if TYPE_CHECKING:
    from connectors.sources.files.mapping import PeopleMapping
    from connectors.sources.hr.contract import Snapshot, System
    from connectors.sources.hr.folder import HrFolder

System_ = Annotated[str, typer.Argument(help="bamboohr, personio or workday.", show_default=False)]


class NotAsked(Exception):
    """The HR system gave no snapshot; str() says why and what to do.

    Attributes:
        may_pass: asking again later may work.
    """

    def __init__(self, text: str, *, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass


def connect(system: System_, *, sets: Set = None, yes: Yes = False) -> None:
    """Connect an HR system: ask how it is reached, try it, copy its mapping to be edited.

    Secrets are kept in files of their own; `--set api_key=@FILE` keeps them out of the shell's
    history. Connecting it again replaces them; the mapping stays.

    Example: pacesetter people connect bamboohr --set company=acme --set api_key=@key.txt
    """
    from connectors.sources.runtime.folder import BadSource, checked_settings
    from connectors.sources.vendors.contract import Vendor
    from infra.sources.asking import asked, given

    what, kept = _known(system)
    for step in what.setup:
        typer.echo(f"  {step}")
    try:
        form = Vendor(what.name, what.title, what.settings, (), "")
        answers = asked(form, given(sets or []), None if yes else ask)
        checked_settings(what.settings, answers.together, what.name)
    except BadSource as error:
        fail(str(error), WRONG)
    kept.write(what, answers.settings, answers.secrets, _shipped(what))
    path = kept.mapping_path(what.name)
    typer.echo(f"Its mapping is {path}. Edit it, then look: "
               f"pacesetter people sync --from {what.name} --dry-run")  # fmt: skip
    try:
        found = Asked.of(system).snapshot()
    except NotAsked as error:
        fail(str(error), WRONG)
    typer.echo(f"{what.title} answers: {found.people or 'some'} people.")


class Asked(NamedTuple):
    """An HR system ready to be asked, and the mapping of what it says."""

    system: "System"
    kept: "HrFolder"
    mapping: "PeopleMapping"

    @classmethod
    def of(cls, name: str, mapping: str = "") -> "Asked":
        """Return a connected system; `mapping` instead of its own."""
        from infra.cli.people_feed import mapping_of_people

        system, kept = _known(name)
        own = kept.mapping_path(system.name)
        if not mapping and not own.exists():
            fail(f"{system.title} is not connected; do `pacesetter people connect {name}`", WRONG)
        return cls(system, kept, mapping_of_people(mapping or str(own), own))

    def snapshot(self) -> "Snapshot":
        """Return everybody it knows.

        Raises:
            NotAsked: the system gave no snapshot.
        """
        from connectors.sources.runtime.folder import BadSource
        from connectors.sources.vendors.contract import Denied, Unavailable
        from infra.hr.asking import snapshot

        try:
            return snapshot(self.system, self.kept, self.mapping)
        except Denied as error:
            raise NotAsked(f"{error}; {error.remedy}", may_pass=False) from error
        except BadSource as error:
            raise NotAsked(str(error), may_pass=False) from error
        except Unavailable as error:
            raise NotAsked(f"{error}; ask again later", may_pass=True) from error

    def dropped(self, folder: Path) -> Path:
        """Return the file in a folder into which everybody was put.

        Raises:
            NotAsked: the system gave no snapshot.
        """
        from infra.hr.asking import put

        return put(self.snapshot(), self.system, folder, datetime.now(UTC))


def _known(name: str) -> "tuple[System, HrFolder]":
    from connectors.sources.hr.folder import HrFolder
    from connectors.sources.hr.registry import system
    from infra.local.found import found_settings

    try:
        return system(name), HrFolder(found_settings().data_dir / "hr")
    except KeyError as error:
        fail(str(error.args[0]), WRONG)


def _shipped(what: "System") -> str:
    from importlib.resources import files

    from infra.cli.imports import MAPPINGS

    return (files(MAPPINGS) / f"{what.mapping}.yaml").read_text("utf-8")
