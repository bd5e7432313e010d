"""`pacesetter gateway`: the door for vendors' webhooks."""

import typer


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Run it")(gateway)


def gateway() -> None:
    """Serve the gateway: vendors push to /hooks/SOURCE, and it keeps what is theirs.

    It checks signatures, writes to Kafka and answers; what a push says is found out behind it by
    `pacesetter source run`. Put a proxy with TLS in front of it and set public_url to the address
    vendors use: signatures of some cover it. `pacesetter up` starts it once there is a source.

    Example: PACESETTER_PUBLIC_URL=https://hooks.example.com pacesetter gateway
    """
    import logging

    from connectors.sources.gateway.serving import serve
    from infra.sources.standing_on import gateway_of
    from streams.settings import settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    serve(gateway_of(settings()))
