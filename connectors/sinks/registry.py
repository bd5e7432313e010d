"""Schema ids from a schema registry: what a cluster uses in place of the shipped catalogue."""

import json
from collections.abc import Mapping
from typing import Any

from confluent_kafka.schema_registry import Schema as RegisteredSchema
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas import catalogue
from schemas.catalogue import Schema, Version
from schemas.codec import Undecodable

COMPATIBILITY = "FULL_TRANSITIVE"
_NOT_FOUND = 404


class RegistryIds:
    """Schema ids a registry has given. Implements schemas.codec.SchemaIds.

    The subject of a message is its full Avro name (record name strategy), since several messages
    share a topic. Everything shipped is registered at the start, oldest version first, so that no
    event waits for the registry later.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Connect and register.

        Args:
            settings: of confluent_kafka's SchemaRegistryClient: url, basic.auth.user.info, ssl.*

        Raises:
            SchemaRegistryError: the registry is away or refuses a schema.
        """
        self._client = SchemaRegistryClient.new_client(dict(settings))
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, tuple[str, Schema]] = {}
        self._message_of = {catalogue.subject_name(m): m for m in catalogue.messages()}
        for version in sorted(catalogue.ids()):
            self._register(version)

    def id_of(self, message: str) -> int:
        """Return the registry's id of the newest version."""
        return self._ids[message]

    def schema_of(self, schema_id: int) -> tuple[str, Schema]:
        """Return name and schema of an id, asking the registry once for one not seen before.

        Raises:
            Undecodable: the registry does not know it, or it is no message of ours.
            SchemaRegistryError: the registry is away; asking again later may work.
        """
        if schema_id not in self._schemas:
            self._schemas[schema_id] = self._fetched(schema_id)
        return self._schemas[schema_id]

    def hold_to_compatibility(self) -> None:
        """Have the registry refuse any schema that breaks FULL_TRANSITIVE; part of migrating.

        Raises:
            SchemaRegistryError: the registry is away or does not let us.
        """
        for subject in self._message_of:
            self._client.set_compatibility(subject, COMPATIBILITY)

    def _register(self, version: Version) -> None:
        schema = catalogue.schema(version)
        subject = catalogue.subject_name(version.message)
        schema_id = self._client.register_schema(
            subject, RegisteredSchema(json.dumps(schema), "AVRO")
        )
        self._ids[version.message] = schema_id
        self._schemas[schema_id] = (version.message, schema)

    def _fetched(self, schema_id: int) -> tuple[str, Schema]:
        try:
            registered = self._client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.http_status_code != _NOT_FOUND:
                raise
            raise Undecodable(f"the registry has no schema {schema_id}") from error
        try:
            schema: Schema = json.loads(registered.schema_str or "")
            return self._message_of[f"{schema['namespace']}.{schema['name']}"], schema
        except (ValueError, KeyError, TypeError) as error:
            raise Undecodable(f"schema {schema_id} is no message of ours") from error
