"""Facts and their history: what makes a record unusable, and how its fields are kept as columns.

`stored` and `recalled` are each other's inverse, so that a fact can be resolved again from its
history when the definitions change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from streams.domain.crediting import PARTED

AMOUNT_MAX = 10**13  # a day's total of a rep must stay below the 10^14 of decimal(18, 4)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# Texts that are never null in the warehouse: empty stands for nothing.
_TEXTS = ("owner_id", "deal_id", "account_id", "contact_id")
_ROWS_OWN = ("entity_id", "revision")  # every row has its own record's


@dataclass(frozen=True, slots=True)
class Shape:
    """How one message is kept in a history table.

    Attributes:
        columns: column of the table -> field of the message of the same meaning.
        absent: columns the message has nothing for, with what stands there.
        state: fields that are kept together as JSON, with their types; none if every field has a
            column.
    """

    columns: Mapping[str, str]
    absent: Mapping[str, pl.Expr]
    state: Mapping[str, pl.DataType]


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_COMMON = _same(
    "entity_id", "revision", "op", "source", "source_id", "owner_id", "created_at", "occurred_at"
)
_LINKS = _same("deal_id", "account_id", "contact_id")
_INSTANT = pl.Datetime("ms", "UTC")
_NO_TEXT, _NO_TALK = pl.lit(""), pl.lit(None, pl.Int32)

SHAPES: dict[str, Shape] = {
    "call": Shape(
        {**_COMMON, **_LINKS, **_same("direction", "status", "is_automated", "talk_seconds")},
        {},
        {"connected": pl.Boolean(), "disposition": pl.String(), "counterpart_hash": pl.String()},
    ),
    "email": Shape(
        {**_COMMON, **_LINKS, **_same("direction", "status", "is_automated")},
        {"talk_seconds": _NO_TALK},
        {
            "external_recipient_count": pl.Int32(),
            "is_reply": pl.Boolean(),
            "thread_id": pl.String(),
        },
    ),
    "meeting": Shape(
        {**_COMMON, **_LINKS, "status": "outcome"},
        {
            "direction": _NO_TEXT,
            "is_automated": pl.lit(value=False),
            "talk_seconds": _NO_TALK,
        },
        {
            "booked_by_id": pl.String(),
            "booked_at": _INSTANT,
            "start_at": _INSTANT,
            "end_at": _INSTANT,
            "meeting_type": pl.String(),
            "external_attendee_count": pl.Int32(),
        },
    ),
}


def stored_activity(message: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return an activity's own columns of the table spm.activity."""
    shape = SHAPES[message]
    return frame.select(
        *(
            pl.col(field).fill_null("").alias(name) if name in _TEXTS else pl.col(field).alias(name)
            for name, field in shape.columns.items()
        ),
        *(value.alias(name) for name, value in shape.absent.items()),
        pl.struct(
            pl.col(name).dt.epoch("ms") if kind == _INSTANT else pl.col(name)
            for name, kind in shape.state.items()
        )
        .struct.json_encode()
        .alias("state"),
    )


def recalled_activity(message: str, history: pl.DataFrame) -> pl.DataFrame:
    """Return the message's fields from rows of spm.activity."""
    shape = SHAPES[message]
    kept = pl.Struct(
        {n: pl.Int64() if kind == _INSTANT else kind for n, kind in shape.state.items()}
    )
    state = history.select(pl.col("state").str.json_decode(kept).struct.unnest())
    return history.select(
        (
            pl.when(pl.col(name) != "").then(pl.col(name)).alias(field)
            if name in _TEXTS
            else pl.col(name).alias(field)
        )
        for name, field in shape.columns.items()
    ).hstack(
        state.select(
            pl.col(name).cast(_INSTANT) if kind == _INSTANT else pl.col(name)
            for name, kind in shape.state.items()
        )
    )


def said_activity(message: str, frame: pl.DataFrame) -> pl.Series:
    """Return statements as JSON: fields of the message; instants are milliseconds."""
    names = [*SHAPES[message].columns.values(), *SHAPES[message].state, "merged_into"]
    return frame.select(
        pl.struct(
            pl.col(name).dt.epoch("ms") if frame.schema[name] == _INSTANT else pl.col(name)
            for name in names
            if name not in _ROWS_OWN
        )
        .struct.json_encode()
        .alias("said")
    ).to_series()


def heard_activity(message: str, history: pl.DataFrame) -> pl.DataFrame:
    """Return what the records behind rows of spm.activity said themselves.

    A row whose `said` is empty is all that its record said.
    """
    nowhere = pl.lit(None, pl.String).alias("merged_into")
    plain = recalled_activity(message, history).with_columns(nowhere)
    said = history.get_column("said")
    if not (said != "").any():
        return plain
    kept = {
        name: pl.Int64() if kind == _INSTANT else kind
        for name, kind in plain.schema.items()
        if name not in _ROWS_OWN
    }
    told = pl.select(pl.when(said != "").then(said)).to_series()
    own = told.str.json_decode(pl.Struct(kept)).struct.unnest()
    return plain.select(
        pl.col(name)
        if name in _ROWS_OWN
        else pl.when(said != "").then(own.get_column(name).cast(kind)).otherwise(pl.col(name))
        for name, kind in plain.schema.items()
    )


_DEAL_TEXTS = (
    "owner_id", "name", "account_id", "account_name", "pipeline_id", "stage_label", "lost_reason",
    "product", "segment", "region", "lead_source", "territory_id",
)  # fmt: skip
_DEAL_VALUES = (
    "entity_id", "revision", "op", "source", "source_id", "created_at", "occurred_at", "stage_id",
    "stage_class", "close_date", "won_at", "lost_at", "deal_type", "amount", "currency", "acv",
    "probability", "margin", "units", "invoiced_amount", "paid_amount", "cancelled_on",
    "cancel_reason",
)  # fmt: skip
_SPLIT = {"owner_id": "split_owner_id", "role": "split_role", "share": "split_share"}


def stored_deal(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a deal's own columns of the table spm.deal."""
    return frame.select(
        *(pl.col(name).fill_null("") for name in _DEAL_TEXTS),
        *_DEAL_VALUES,
        *(
            pl.col("splits").list.eval(pl.element().struct.field(field)).alias(name)
            for field, name in _SPLIT.items()
        ),
    )


def recalled_deal(history: pl.DataFrame) -> pl.DataFrame:
    """Return a deal's fields from rows of spm.deal."""
    columns = [history.get_column(name).to_list() for name in _SPLIT.values()]
    splits = [
        [dict(zip(_SPLIT, split, strict=True)) for split in zip(*row, strict=True)]
        for row in zip(*columns, strict=True)
    ]
    kind = pl.List(
        pl.Struct({"owner_id": pl.String(), "role": pl.String(), "share": pl.Decimal(9, 6)})
    )
    return history.select(
        *(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in _DEAL_TEXTS),
        *_DEAL_VALUES,
        pl.Series("splits", splits, kind),
    )


def faults_of(message: str) -> pl.Expr:
    """Return what makes a decoded record unusable; null for a good one.

    Doors check the same and more; this keeps what came another way from harming the numbers.
    """
    if message == "deal":
        return pl.coalesce(*_COMMON_FAULTS, *_DEAL_FAULTS)
    if message == "meeting":
        instants = map(_odd_instant, ("start_at", "booked_at", "end_at"))
        return pl.coalesce(*_COMMON_FAULTS, *_ACTIVITY_FAULTS, *instants)
    return pl.coalesce(*_COMMON_FAULTS, *_ACTIVITY_FAULTS)


def _fault(condition: pl.Expr, text: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(text))


def _odd_instant(name: str) -> pl.Expr:
    return _fault(
        ~pl.col(name).is_between(_FIRST, _LAST, closed="left"),
        f"{name} lies outside 1970 to 2199; send milliseconds since 1970 UTC",
    )


_COMMON_FAULTS = [
    _fault(~pl.col("op").is_in(["SET", "CANCELLED"]), "op is neither SET nor CANCELLED"),
    _fault(pl.col("entity_id") == "", "entity_id is empty"),
    _fault(pl.col("source") == "", "source is empty; name the system it comes from"),
    _odd_instant("created_at"),
    _odd_instant("occurred_at"),
]
_ACTIVITY_FAULTS = [
    _fault(
        pl.col("merged_into").is_not_null() & (pl.col("op") != "CANCELLED"),
        "merged_into is given and op is not CANCELLED; nothing of what was merged may count",
    ),
    _fault(pl.col("merged_into") == pl.col("entity_id"), "merged_into is the entity itself"),
]
_REVENUE_SHARES = (
    pl.col("splits")
    .list.eval(
        pl.when(pl.element().struct.field("role") == "REVENUE").then(
            (pl.element().struct.field("share") * 1_000_000).cast(pl.Int64)
        )
    )
    .list.drop_nulls()
)
_LARGEST_SHARE = (
    pl.col("splits").list.eval(pl.element().struct.field("share").cast(pl.Float64)).list.max()
)
_DEAL_FAULTS = [
    _fault(~pl.col("currency").str.contains("^[A-Z]{3}$"), "currency is no ISO 4217 code"),
    *(
        _fault(
            pl.col(name).abs() >= AMOUNT_MAX, f"{name} is {AMOUNT_MAX} or more; check minor units"
        )
        for name in ("amount", *PARTED, "credit_note_amount")
    ),
    _fault(  # without a REVENUE split the owner has all of it
        (_REVENUE_SHARES.list.len() > 0) & (_REVENUE_SHARES.list.sum() != 1_000_000),
        "REVENUE shares of the splits do not sum to 1",
    ),
    _fault(
        pl.col("splits").list.eval(pl.element().struct.field("share") < 0).list.any(),
        "a split's share is negative",
    ),
    *(
        _fault(
            pl.col(name).abs().cast(pl.Float64) * _LARGEST_SHARE >= AMOUNT_MAX,
            f"a split's part of {name} is {AMOUNT_MAX} or more; check its share, 1 is all of it",
        )
        for name in ("amount", *PARTED)
    ),
    _fault(pl.col("bill_id") == "", "bill_id is empty; give the invoice's number"),
    _odd_instant("won_at"),
    _odd_instant("lost_at"),
    _fault(
        ~pl.col("close_date").is_between(date(1970, 1, 1), date(2199, 12, 31)),
        "close_date lies outside 1970 to 2199",
    ),
    _fault(
        ~pl.col("cancelled_on").is_between(date(1970, 1, 1), date(2199, 12, 31)),
        "cancelled_on lies outside 1970 to 2199",
    ),
]
