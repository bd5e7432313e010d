"""Identity of an entity, and the partition it lives in.

The Kafka key of every fact is its entity id, so all that happens to an entity stands in one
partition, in one order. That holds only if every producer places a key alike: by Kafka's own
murmur2, which librdkafka calls `murmur2_random` and ClickHouse `kafkaMurmurHash`.
"""

PARTITIONER = "murmur2_random"  # the value of librdkafka's `partitioner` setting
_SEED, _M, _MASK = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


def entity_id_of(
    source: str, source_object: str, source_id: str, natural: str | None = None
) -> str:
    """Return the identity of a record for life.

    Args:
        natural: the strongest identifier shared by every system that tells of the same thing, with
            its kind (`dialer:<call uuid>`, `mid:<RFC 5322 Message-ID>`, `ical:<UID>/<recurrence>`).
            None: the source has no such thing and its own identifier must do.

    >>> entity_id_of("salesforce", "Opportunity", "006A")
    'salesforce:Opportunity:006A'
    >>> entity_id_of("aircall", "call", "12", natural="dialer:7b0e")
    'dialer:7b0e'
    """
    return natural or f"{source}:{source_object}:{source_id}"


def murmur2(data: bytes) -> int:
    """Return Kafka's 32-bit murmur2 hash, unsigned.

    Source: org.apache.kafka.common.utils.Utils.murmur2.
    """
    h = (_SEED ^ len(data)) & _MASK
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    tail = data[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition Kafka's default partitioner puts a key in.

    >>> partition_of(b"salesforce:Opportunity:006A", 8) in range(8)
    True
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
