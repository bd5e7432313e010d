"""Messages of totals, encoded by hand: a flush tells of tens of thousands of them.

Field for field it is Avro of rep_days/1; a test holds it to the schema and to the plain codec, ten
times slower.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from schemas import topics
from schemas.codec import FRAME_BYTES, SchemaIds, encode
from schemas.warehouse import Message
from streams.engine.batches import Partition
from streams.engine.columns import varint
from streams.engine.encoding import decimal, number, text
from streams.engine.totals import Total

PARTIALS_MAX = 4_000  # of one message: about 300 kB, well below what a topic takes
_EPOCH = date(1970, 1, 1).toordinal()
_BLOCK_END = b"\0"
Told = tuple[Partition, Sequence[Total]]


def messages_of(told: Iterable[Told], generation: int, ids: SchemaIds) -> list[Message]:
    """Return the messages that say what these totals are now, keyed by rep."""
    by_rep: dict[str, list[bytes]] = {}
    for partition, totals in told:
        where = text(partition.topic) + varint(partition.number)
        names: dict[tuple[date, str, str], bytes] = {}
        for rep_id, day, measure, currency, position, value in totals:
            head = names.get((day, measure, currency))
            if head is None:
                head = number(day.toordinal() - _EPOCH) + text(measure) + text(currency) + where
                names[day, measure, currency] = head
            partial = head + varint(position) + decimal(value)
            known = by_rep.get(rep_id)
            if known is None:
                by_rep[rep_id] = [partial]
            else:
                known.append(partial)
    frame = _frame(ids)
    return [
        Message(topics.REP_DAYS.name, rep_id.encode(), _record(frame, rep_id, generation, part))
        for rep_id, partials in by_rep.items()
        for part in _parts(partials)
    ]


def _record(frame: bytes, rep_id: str, generation: int, partials: list[bytes]) -> bytes:
    body = [frame, text(rep_id), varint(generation), varint(len(partials)), *partials, _BLOCK_END]
    return b"".join(body)


def _parts(partials: list[bytes]) -> Iterable[list[bytes]]:
    return (partials[i : i + PARTIALS_MAX] for i in range(0, len(partials), PARTIALS_MAX))


def _frame(ids: SchemaIds) -> bytes:
    nothing = {"rep_id": "", "generation": 0, "partials": []}
    return encode("rep_days", nothing, ids)[:FRAME_BYTES]
