"""What all definitions are made of: the base model and the types of their fields."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

_YEARS = range(1970, 2200)  # what every store on the way keeps exactly
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: Any) -> Any:
    """Return a date, from a date or YYYY-MM-DD alone: no instant, no number of seconds."""
    if type(value) is not date:
        try:
            value = date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except (TypeError, ValueError):
            raise PydanticCustomError("day", "is no date") from None
    if value.year not in _YEARS:
        raise PydanticCustomError("day_range", "lies outside the years 1970 to 2199")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Definition(BaseModel):
    """Base of all definitions: frozen, and strict about names of fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
