"""`pacesetter source tables`: what a system knows beside records, into a folder of definitions."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.reaching import WRONG, fail, print_json
from infra.cli.source_acts import read_source


def tables(
    name: Annotated[str, typer.Argument(help="The source, as `source list` shows it.")],
    *,
    out: Annotated[Path, typer.Option(help="A folder of definitions; what is there is added to.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Write exchange rates and territories into a folder of definitions, people and roles as CSV.

    Rates go into rates.yaml and territories into territories.yaml, merged with what is there: look
    at them with `definitions diff`, then apply them. Of people and roles the roster can be drawn.

    Example: pacesetter source tables salesforce --out definitions/
    """
    from connectors.sources.files.rows import BadFile
    from connectors.sources.runtime.folder import BadSource, vendor_named
    from connectors.sources.vendors.contract import Denied, Unavailable
    from connectors.sources.vendors.tabling import Tabling

    sources, source = read_source(name)
    try:
        vendor = vendor_named(source)
        if vendor.client is None:
            fail(f"{vendor.title} cannot be asked", WRONG)
        with closing(vendor.client(sources.settings(source))) as client:
            if not isinstance(client, Tabling):
                fail(f"{vendor.title} has no tables; rates come by `pacesetter import`", WRONG)
            done = client.tables(out)
    except (BadFile, BadSource, Unavailable) as error:
        fail(str(error), WRONG)
    except Denied as error:
        fail(f"{error}; {error.remedy}", WRONG)
    if as_json:
        print_json({"counts": dict(done.counts), "files": [str(path) for path in done.files]})
        return
    for kind, count in done.counts.items():
        typer.echo(f"{kind.replace('_', ' ')}: {count}")
    for path in done.files:
        typer.echo(f"written: {path}")
