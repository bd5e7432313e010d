"""Where schema ids come from: a registry if there is one, else the catalogue we ship."""

from schemas.codec import CatalogueIds, SchemaIds


def ids_from(url: str | None) -> SchemaIds:
    """Return where schema ids come from: the registry at an address, None: the catalogue.

    Raises:
        SchemaRegistryError: the registry is away or refuses a schema.
    """
    if url is None:
        return CatalogueIds()
    from connectors.sinks.registry import RegistryIds  # noqa: PLC0415 - slow; few have a registry

    return RegistryIds({"url": url})
