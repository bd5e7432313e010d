"""What the models object to, in the words of the person who wrote the file."""

import types
import typing
from typing import Any

from pydantic_core import ErrorDetails

from infra.definitions.problems import Path, did_you_mean
from schemas.defining import Definition

Words = tuple[str, str]  # problem, remedy

_NUMBER = ("is no number", "write digits with a decimal point, as in 1250.50")
_WHOLE = ("is no whole number", "write digits alone")
_TEXT = ("is no text", "write one line of text")
_INSTANT = ("is no instant with an offset", "write it as 2026-07-03T09:00:00+02:00")
_PLAIN: dict[str, Words] = {
    "missing": ("is missing", "add it"),
    "day": ("is no date", "write it as 2026-03-31"),
    "day_range": ("lies outside the years 1970 to 2199", "check the year"),
    "timezone_aware": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_type": _INSTANT,
    "local_time": ("is no local time", "write it as 2026-03-31T17:00, without a zone"),
    "clock": ("is no time of day", "write it as 09:00, from 00:00 to 24:00"),
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "finite_number": _NUMBER,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": _TEXT,
    "tuple_type": ("is no list", "begin each entry with a dash"),
    "model_type": ("is not made of fields", "write name: value on lines of their own"),
    "model_attributes_type": ("is not made of fields", "write name: value on lines of their own"),
}
_LIMITS: dict[str, Words] = {  # filled in with what the model says the limit is
    "greater_than": ("is not above {gt}", "give a larger number"),
    "greater_than_equal": ("is below {ge}", "give {ge} or more"),
    "less_than_equal": ("is above {le}", "give {le} or less"),
    "decimal_max_places": (
        "has more than {decimal_places} decimals",
        "round it to {decimal_places} decimals",
    ),
    "decimal_max_digits": ("has more than {max_digits} digits", "check its unit"),
    "decimal_whole_digits": ("has more than {whole_digits} digits", "check its unit"),
    "string_too_long": ("is longer than {max_length} characters", "shorten it"),
    "string_too_short": ("is empty", "fill it in"),
    "too_short": ("is empty", "fill it in"),
    "string_pattern_mismatch": (
        "begins or ends with a space, or has line breaks",
        "write it without them",
    ),
}

_PATTERNS: dict[str, Words] = {
    "^[A-Z]{3}$": ("is no currency code", "write three capitals such as EUR"),
    "^[a-z][a-z0-9_]*$": (
        "is no name for a formula",
        "write small letters, digits and _, as in win_rate",
    ),
}


def words_of(error: ErrorDetails, model: type[Definition]) -> Words:
    """Return problem and remedy for one error of a model of ours."""
    kind, context = error["type"], error.get("ctx", {})
    path: Path = error["loc"]
    if kind == "extra_forbidden":
        return "is no field here", _stranger(model, path)
    if error["input"] is None:
        return "is empty", "fill it in or leave the field out"
    if kind in _PLAIN:
        problem, remedy = _PLAIN[kind]
        return problem, _meaning(model, path) or remedy if kind == "missing" else remedy
    if kind == "enum":
        allowed = [
            word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")
        ]
        return "is not allowed", did_you_mean(
            str(error["input"]).upper(), allowed, f"allowed are {', '.join(allowed)}"
        )
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    problem, remedy = _LIMITS.get(kind, (error["msg"], "correct it"))
    return problem.format(**context), remedy.format(**context)


def _stranger(model: type[Definition], path: Path) -> str:
    owner = model_at(model, path[:-1])
    if owner is None:
        return "remove it"
    if str(path[-1]).isdigit():  # {amount: 92,000} is two fields to YAML
        return "a comma ends a value within braces: write numbers without it"
    known = list(owner.model_fields)
    return did_you_mean(str(path[-1]), known, f"fields are {', '.join(known)}")


def _meaning(model: type[Definition], path: Path) -> str:
    owner = model_at(model, path[:-1])
    field = owner.model_fields.get(str(path[-1])) if owner else None
    return f"add it: {field.description}" if field and field.description else ""


def model_at(model: type[Definition], path: Path) -> type[Definition] | None:
    """Return the model whose fields stand at a path within another; None for a plain value."""
    here: Any = model
    for step in path:
        if isinstance(step, str):
            field = here.model_fields.get(step)
            here = field.annotation if field else None
        here = _inner(here)
        if here is None:
            return None
    return here if isinstance(here, type) and issubclass(here, Definition) else None


def _inner(annotation: Any) -> Any:
    """Return the model within tuple[X, ...], X | None and Annotated."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation if issubclass(annotation, Definition) else None
    for inside in typing.get_args(annotation):
        if inside is not types.NoneType and inside is not Ellipsis:
            found = _inner(inside)
            if found is not None:
                return found
    return None
