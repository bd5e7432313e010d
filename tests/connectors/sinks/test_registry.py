"""Ids from a schema registry."""

import pytest

from connectors.sinks.registry import RegistryIds
from schemas import canonical, catalogue, codec
from schemas.codec import CatalogueIds, Undecodable
from schemas.examples import example


@pytest.fixture
def ids() -> RegistryIds:
    return RegistryIds({"url": "mock://registry"})


def test_every_message_has_an_id_before_the_first_event(ids: RegistryIds) -> None:
    given = {message: ids.id_of(message) for message in catalogue.messages()}
    assert len(set(given.values())) == len(given)
    assert given != {m: CatalogueIds().id_of(m) for m in given}, "ids are the registry's own"
    for message, schema_id in given.items():
        assert ids.schema_of(schema_id) == (
            message,
            catalogue.schema(catalogue.latest(message)),
        )


def test_records_travel_under_the_registrys_ids(ids: RegistryIds) -> None:
    raw = example("deal")
    raw.pop("message")
    record, _ = canonical.check("deal", raw)
    assert record is not None
    value = codec.encode("deal", record, ids)
    assert codec.schema_id_of(value) == ids.id_of("deal")
    assert codec.decode(value, ids) == ("deal", record)


def test_an_id_nobody_gave_is_undecodable(ids: RegistryIds) -> None:
    with pytest.raises(Undecodable, match="no schema 999"):
        ids.schema_of(999)
