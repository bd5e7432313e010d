"""Adding a source, replacing the secret of its pushes, removing it."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.reaching import WRONG, fail

if TYPE_CHECKING:
    from connectors.sources.runtime.folder import Sources
    from connectors.sources.vendors.contract import Finding, Vendor
    from infra.sources.asking import Answers
    from streams.settings import Settings

Name = Annotated[str, typer.Argument(help="The source, as `source list` shows it.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE of a setting; NAME=@FILE for a secret. Repeatable."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing; for scripts.")]


def add(
    vendor: Annotated[str, typer.Argument(help="Which system; `source vendors` lists them.")],
    *,
    name: Annotated[str, typer.Option(help="Name of the source; absent: the system's.")] = "",
    sets: Set = None,
    yes: Yes = False,
    check: Annotated[bool, typer.Option(help="Check credentials with a real call.")] = True,
    wait: Annotated[bool, typer.Option(help="Wait until everything is listed once.")] = True,
) -> None:
    """Add a system as a source: ask, check, set up, list everything, go live.

    It asks for what the system needs, checks credentials and permissions with a real call, says
    what to do there, and then lists everything while changes are heard already, so that nothing
    falls between. Secrets are kept in files of their own; `--set token=@FILE` keeps them out of
    the shell's history.

    Example: pacesetter source add hubspot --set token=@token.txt --yes
    """
    from connectors.sources.runtime.folder import BadSource, Source, checked_settings
    from connectors.sources.vendors.registry import vendor as vendor_of
    from infra.local.found import found_settings
    from infra.sources.asking import asked, given
    from infra.sources.standing_on import sources_of

    settings = found_settings()
    sources = sources_of(settings)
    try:
        what = vendor_of(vendor)
        called = name or what.name
        if called in sources.names():
            raise BadSource(f"there is a source {called} already; choose another --name")
        answers = asked(what, given(sets or []), None if yes else ask)
        made = checked_settings(what.settings, answers.together, called)
        if check:
            _check(what, made)
        source = Source(called, what.name, answers.settings)
        sources.add(source, answers.secrets)
    except BadSource as error:
        fail(str(error), WRONG)
    except KeyError as error:
        fail(str(error.args[0]), WRONG)
    typer.echo(f"\n{what.title} is a source now, called {called}.")
    _steps(settings, what, called, answers)
    if wait:
        listed(settings, sources, called)
        typer.echo(f"It is live. See how it does: pacesetter source status {called}\n"
                   f"Whose are its users? pacesetter source users {called}")  # fmt: skip


def secret(
    name: Name,
    *,
    value: Annotated[str, typer.Option("--value", help="@FILE with it; absent: one is made.")] = "",
    drop: Annotated[
        bool, typer.Option("--drop-previous", help="The one before stops being good.")
    ] = False,
) -> None:
    """Replace the secret that proves pushes; the one before stays good until it is dropped.

    Example: pacesetter source secret hubspot --value @secret.txt, and once the vendor uses it
    pacesetter source secret hubspot --drop-previous
    """
    from connectors.sources.runtime.folder import SECRET_MIN, BadSource
    from infra.cli.source import folder
    from infra.sources.asking import given, made_secret

    sources = folder()
    try:
        sources.read(name)
        fresh = given([f"value={value}"])["value"] if value else made_secret()
    except BadSource as error:
        fail(str(error), WRONG)
    if drop:
        sources.forget_previous(name)
        typer.echo("Only the present secret is good now.")
        return
    if len(fresh) < SECRET_MIN:
        fail(f"it has under {SECRET_MIN} characters; make a longer one", WRONG)
    sources.rotate_hook(name, fresh)
    typer.echo("The new secret and the one before are good now. Give the new one to the vendor:")
    typer.echo(fresh if not value else f"the content of {value.removeprefix('@')}")
    typer.echo(f"Then: pacesetter source secret {name} --drop-previous")


def remove(
    name: Name,
    *,
    yes: Yes = False,
    keep_raw: Annotated[bool, typer.Option(help="Keep what the vendor said in Kafka.")] = False,
) -> None:
    """Remove a source: settings, secrets, mapping, memory, and raw.SOURCE. Its facts stay.

    Remove its webhooks at the vendor too. Example: pacesetter source remove hubspot
    """
    import time

    from connectors.sinks.kafka_topics import delete_topics
    from connectors.sources.runtime.folder import BadSource
    from connectors.sources.runtime.running import is_held
    from infra.local.found import found_settings
    from infra.sources.standing_on import kafka_of, sources_of
    from schemas import topics

    settings = found_settings()
    sources = sources_of(settings)
    try:
        sources.read(name)
    except BadSource as error:
        fail(str(error), WRONG)
    if not yes:
        typer.confirm(f"Remove {name}? What it brought so far stays", abort=True)
    (sources.root / name / "source.yaml").unlink()
    until = time.monotonic() + 20  # whoever runs it notices within two seconds
    while is_held(sources, name) and time.monotonic() < until:
        time.sleep(0.2)
    sources.remove(name)
    if not keep_raw:
        _without_topic(lambda: delete_topics(kafka_of(settings).config, [topics.raw(name).name]))
    typer.echo(f"{name} is no source any more. Remove its webhooks at the vendor, too.")


def _without_topic(delete: object) -> None:
    from schemas.warehouse import Unavailable

    assert callable(delete)
    try:
        delete()
    except Unavailable as error:
        typer.echo(f"its topic stays: {error}", err=True)


def ask(question: str, default: str, hidden: bool) -> str:
    """Return what a person answers."""
    answer = typer.prompt(question, default=default, show_default=bool(default), hide_input=hidden)
    return str(answer)


def _check(what: "Vendor", made: object) -> None:
    from connectors.sources.vendors.contract import Denied, Unavailable

    if what.client is None:
        return
    client = None
    try:
        client = what.client(made)
        findings = client.check()
    except Denied as error:
        fail(f"{what.title}: {error}; {error.remedy}", WRONG)
    except Unavailable as error:
        fail(f"{what.title}: {error}; try again, or --no-check", WRONG)
    finally:
        if client is not None:
            client.close()
    typer.echo(f"{what.title} was asked:")
    tell(findings)
    if not all(one.ok for one in findings):
        fail("Correct that and add it again, or add it as it is with --no-check.", WRONG)


def tell(findings: "tuple[Finding, ...]") -> None:
    """Print what a check found."""
    for one in findings:
        typer.echo(f"  {'ok ' if one.ok else 'NO '} {one.what}" + (
            "" if one.ok else f"\n      {one.remedy}"))  # fmt: skip


def _steps(settings: "Settings", what: "Vendor", name: str, answers: "Answers") -> None:
    from connectors.sources.runtime.folder import HOOK
    from connectors.sources.runtime.running import hook_url

    base = settings.public_url or "https://YOUR-PUBLIC-ADDRESS"
    words = {"{url}": hook_url(base, name), "{secret}": answers.secrets.get(HOOK, "")}
    typer.echo("\nAt the vendor:")
    for number, step in enumerate(what.setup, start=1):
        said = step
        for word, value in words.items():
            said = said.replace(word, value)
        typer.echo(f"  {number}. {said}")
    if what.hook is not None:
        typer.echo(f"\nIts pushes go to {words['{url}']}")
        if not settings.public_url:
            typer.echo("Set public_url in pacesetter.toml to how vendors reach the gateway; until "
                       "then nothing is pushed, and changes show when it is asked.")  # fmt: skip


def listed(settings: "Settings", sources: "Sources", name: str) -> int:
    """Follow a listing that was asked for until it is done; return how many records were news."""
    from infra.sources.backfilling import Stuck, backfilled, is_running
    from infra.sources.standing_on import ground_of

    typer.echo("\nListing everything; it goes on by itself if you stop here with Ctrl-C.")
    try:
        with ground_of(settings) as ground:
            return backfilled(
                ground,
                sources.read(name),
                lambda line: typer.echo(f"  {line}"),
                installation_runs=is_running(settings),
            )
    except Stuck as error:
        fail(str(error), WRONG)
