"""A calendar with public holidays, written out: what somebody starts a calendar from."""

from collections.abc import Sequence

import holidays
import yaml

YEARS_MAX = 20  # nobody plans further, and governments move holidays at a year's notice


def calendar_yaml(country: str, subdivision: str | None, years: Sequence[int]) -> str:
    """Return a calendar of calendars.yaml as text, holidays named in English where known.

    Raises:
        ValueError: the country or its part is unknown, or there are too many years.
    """
    if not 1 <= len(years) <= YEARS_MAX:
        raise ValueError(f"{len(years)} years; give 1 to {YEARS_MAX}")
    code = country.upper()
    known = holidays.list_supported_countries()
    if code not in known:
        raise ValueError(f"{country!r} is no country code; write ISO 3166 such as DE, GB, US, JP")
    parts = known[code]
    if subdivision and subdivision not in parts:
        raise ValueError(f"{subdivision!r} is no part of {code}; parts are {', '.join(parts)}")
    days = holidays.country_holidays(code, subdiv=subdivision, years=years, language="en_US")
    name = f"{code}-{subdivision}" if subdivision else code
    head = (
        f"  - calendar_id: {name.lower()}\n    name: {name}\n    working_days: [1, 2, 3, 4, 5]\n"
        "    holidays:\n"
    )
    return head + "".join(
        f"      - {{on: {day}, name: {_scalar(n)}}}\n" for day, n in sorted(days.items())
    )


def _scalar(text: str) -> str:
    quoted = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10_000)
    return quoted.strip()[1:-1]
