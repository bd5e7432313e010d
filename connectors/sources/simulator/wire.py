"""Fast Avro of the four facts: the bytes of `schemas.codec.encode`, several times as fast.

fastavro looks every field up in a schema; here the order of the fields is that of `records`, so it
is bound to one version of each schema. A message whose newest version is another one goes through
`schemas.codec`, slower and right. A property test holds both to the same bytes.
"""

import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from schemas import catalogue, codec
from schemas.codec import SchemaIds
from schemas.topics import BY_FACT

VERSION_WRITTEN = 1  # of all four facts; what the field orders below are
MEMO_MAX = 100_000  # texts remembered as bytes, some 20 MB; then it starts anew

Encoder = Callable[[Any], bytes]
MEMO_MAX = 100_000  # texts remembered as bytes, some 20 MB; then it starts anew

_HEAD = "entity_id source source_id revision op created_at occurred_at owner_id"
CALL_FIELDS = (
    f"{_HEAD} direction status connected talk_seconds disposition counterpart_hash is_automated "
    "deal_id account_id contact_id merged_into"
).split()
EMAIL_FIELDS = (
    f"{_HEAD} direction status external_recipient_count is_reply thread_id is_automated "
    "deal_id account_id contact_id merged_into"
).split()
MEETING_FIELDS = (
    f"{_HEAD} booked_by_id booked_at start_at end_at outcome meeting_type external_attendee_count "
    "deal_id account_id contact_id merged_into"
).split()
DEAL_FIELDS = (
    f"{_HEAD} name account_id account_name pipeline_id stage_id stage_label stage_class close_date "
    "won_at lost_at lost_reason deal_type amount currency acv probability product segment region "
    "lead_source splits"
).split()


class WireEncoder:
    """Records of facts as framed Avro, under the schema ids it is given."""

    def __init__(self, ids: SchemaIds) -> None:
        self._of = {message: _encoder(message, ids) for message in BY_FACT}

    def of(self, message: str) -> Encoder:
        """Return what turns records of a fact into Kafka values.

        It raises KeyError, TypeError or ValueError for a record that does not fit the schema.
        """
        return self._of[message]


def _encoder(message: str, ids: SchemaIds) -> Encoder:
    if catalogue.latest(message).number != VERSION_WRITTEN:
        return lambda record: codec.encode(message, record._asdict(), ids)
    return partial(_BODIES[message], struct.pack(">bI", codec.MAGIC, ids.id_of(message)))


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


# 14 bits of a number at a time: as the last ones, and as ones that more follow.
_LOW = (1 << 14) - 1
_LAST = tuple(_varint(n) for n in range(1 << 14))
_MORE = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14))
_LENGTH = _LAST[::2]  # a length is never negative: its zigzag is twice itself
LENGTHS = len(_LENGTH)


class _Memo(dict[Any, bytes]):
    """Bytes of values met before; bounded by forgetting all of them."""

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: Any) -> bytes:
        if len(self) >= MEMO_MAX:
            self.clear()
        encoded = self[value] = self._encode(value)
        return encoded


def _long(value: int) -> bytes:
    n = value << 1 ^ value >> 63
    if n < 1 << 14:
        return _LAST[n]
    if n < 1 << 28:
        return _MORE[n & _LOW] + _LAST[n >> 14]
    return _MORE[n & _LOW] + _MORE[n >> 14 & _LOW] + _high[n >> 28]


def _high_bits(n: int) -> bytes:
    """Return a number that more than 28 bits were taken off; instants of a while share it."""
    if n >= 1 << 36:
        raise ValueError("a number does not fit 64 bits; instants are ms, revisions microseconds")
    return _varint(n)


_high = _Memo(_high_bits)


def _text(value: str) -> bytes:
    raw = value.encode()
    return _LENGTH[len(raw)] + raw if len(raw) < LENGTHS else _long(len(raw)) + raw


def _maybe(encode: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return lambda value: b"\x00" if value is None else b"\x02" + encode(value)


def _decimal(scale: int) -> Callable[[Decimal], bytes]:
    def encode(value: Decimal) -> bytes:
        unscaled = int(value.scaleb(scale))
        if unscaled != value.scaleb(scale):
            raise ValueError(f"{value} has more than {scale} decimals")
        size = (unscaled.bit_length() + 8) // 8  # with a bit for the sign
        return _long(size) + unscaled.to_bytes(size, "big", signed=True)

    return encode


def _symbols(message: str, field: str, inner: str | None = None) -> dict[str, bytes]:
    """Return each symbol of an enum field as Avro writes it: its number."""
    fields = {f["name"]: f["type"] for f in catalogue.schema(_version(message))["fields"]}
    if inner is not None:
        fields = {f["name"]: f["type"] for f in fields[field]["items"]["fields"]}
    return {s: _long(i) for i, s in enumerate(fields[inner or field]["symbols"])}


def _version(message: str) -> catalogue.Version:
    return catalogue.Version(message, VERSION_WRITTEN)


_some = _Memo(_text)  # texts that come again
_maybe_text = _Memo(_maybe(_text))
_maybe_new = _maybe(_text)  # texts that seldom come again
_maybe_long = _maybe(_long)
_maybe_few = _Memo(_maybe_long)  # small numbers, or none
_few = _Memo(_long)
_share = _Memo(_decimal(6))
_amount = _decimal(4)
_BOOL = {False: b"\x00", True: b"\x01"}
_MAYBE_BOOL = {None: b"\x00", False: b"\x02\x00", True: b"\x02\x01"}
_OP = _symbols("call", "op")
_CALL_DIRECTION, _CALL_STATUS = _symbols("call", "direction"), _symbols("call", "status")
_EMAIL_DIRECTION, _EMAIL_STATUS = _symbols("email", "direction"), _symbols("email", "status")
_OUTCOME = _symbols("meeting", "outcome")
_STAGE_CLASS, _DEAL_TYPE = _symbols("deal", "stage_class"), _symbols("deal", "deal_type")
_ROLE, _CANCEL = _symbols("deal", "splits", "role"), _symbols("deal", "cancel_reason")


def _call_body(frame: bytes, record: tuple[Any, ...]) -> bytes:
    (entity, source, sid, revision, op, created, occurred, owner, direction, status, connected,
     talk, disposition, number, automated, deal, account, contact,
     merged) = record  # fmt: skip
    return b"".join((
        frame, _text(entity), _some[source], _text(sid), _long(revision), _OP[op],
        made := _long(created), made if created == occurred else _long(occurred),
        _maybe_text[owner],
        _CALL_DIRECTION[direction], _CALL_STATUS[status], _MAYBE_BOOL[connected],
        _maybe_few[talk], _maybe_text[disposition], _maybe_text[number], _BOOL[automated],
        _maybe_text[deal], _maybe_text[account], _maybe_text[contact],
        _maybe_new(merged),
    ))  # fmt: skip


def _email_body(frame: bytes, record: tuple[Any, ...]) -> bytes:
    (entity, source, sid, revision, op, created, occurred, owner, direction, status, recipients,
     reply, thread, automated, deal, account, contact,
     merged) = record  # fmt: skip
    return b"".join((
        frame, _text(entity), _some[source], _text(sid), _long(revision), _OP[op],
        made := _long(created), made if created == occurred else _long(occurred),
        _maybe_text[owner],
        _EMAIL_DIRECTION[direction], _EMAIL_STATUS[status], _few[recipients], _MAYBE_BOOL[reply],
        _maybe_new(thread), _BOOL[automated],
        _maybe_text[deal], _maybe_text[account], _maybe_text[contact],
        _maybe_new(merged),
    ))  # fmt: skip


def _meeting_body(frame: bytes, record: tuple[Any, ...]) -> bytes:
    (entity, source, sid, revision, op, created, occurred, owner, booked_by, booked, start, end,
     outcome, kind, attendees, deal, account, contact, merged) = record  # fmt: skip
    return b"".join((
        frame, _text(entity), _some[source], _text(sid), _long(revision), _OP[op],
        made := _long(created), made if created == occurred else _long(occurred),
        _maybe_text[owner],
        _maybe_text[booked_by], _maybe_long(booked), _long(start), _maybe_long(end),
        _OUTCOME[outcome], _maybe_text[kind], _maybe_few[attendees],
        _maybe_text[deal], _maybe_text[account], _maybe_text[contact],
        _maybe_new(merged),
    ))  # fmt: skip


def _deal_body(frame: bytes, record: tuple[Any, ...]) -> bytes:
    (entity, source, sid, revision, op, created, occurred, owner, name, account, account_name,
     pipeline, stage, label, stage_class, close, won, lost, reason, deal_type, amount, currency,
     acv, margin, units, probability, product, segment, region, lead_source, territory, invoiced,
     paid, cancelled, why, splits, bill, credit_note) = record  # fmt: skip
    return b"".join((
        frame, _text(entity), _some[source], _text(sid), _long(revision), _OP[op],
        made := _long(created), made if created == occurred else _long(occurred),
        _maybe_text[owner], _maybe_text[name],
        _maybe_text[account], _maybe_text[account_name], _maybe_text[pipeline], _some[stage],
        _maybe_text[label], _STAGE_CLASS[stage_class], _maybe_few[close], _maybe_long(won),
        _maybe_long(lost), _maybe_text[reason], _DEAL_TYPE[deal_type], _maybe_amount(amount),
        _some[currency], _maybe_amount(acv), _maybe_amount(margin), _maybe_amount(units),
        _maybe_share(probability), _maybe_text[product], _maybe_text[segment], _maybe_text[region],
        _maybe_text[lead_source], _maybe_text[territory], _maybe_amount(invoiced),
        _maybe_amount(paid), _maybe_few[cancelled], _CANCEL[why], _splits(splits),
        _maybe_new(bill), _maybe_amount(credit_note),
    ))  # fmt: skip


_maybe_amount = _maybe(_amount)
_maybe_share = _maybe(_share.__getitem__)


def _splits(splits: tuple[Mapping[str, Any], ...]) -> bytes:
    if not splits:
        return b"\x00"
    parts = [_some[s["owner_id"]] + _ROLE[s["role"]] + _share[s["share"]] for s in splits]
    return _long(len(parts)) + b"".join(parts) + b"\x00"


_BODIES = {
    "call": _call_body,
    "email": _email_body,
    "meeting": _meeting_body,
    "deal": _deal_body,
}
