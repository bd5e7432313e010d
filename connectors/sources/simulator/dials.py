"""Dials: how untidy the simulated CRM is, and what becomes of deals that are won."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Dials:
    """Shares of facts, 0 to 1, that something happens to. At 0 it never happens.

    Attributes:
        duplicates: facts delivered again, byte for byte, seconds to two days later.
        lateness: activities and deals whose change reaches the CRM hours to days after the event:
            half are typed in late (created late), half sync late from a phone (created on time).
        corrections: entities put right later by a higher revision (owner, day, length, amount).
        disorder: facts held up on the way for up to half an hour, so that others overtake them,
            a later revision of the same entity among them.
        cancellations: entities deleted later (op CANCELLED); one in ten of them is restored.
        unknown_owners: entities owned by a user no identity map knows, or by nobody.
        amendments: won deals whose amount or owner changes, or that are reopened, after winning.
        invoiced: won deals that are invoiced within days, at once or in two halves.
        paid: invoices that the customer pays, about a month later.
    """

    duplicates: float = 0.01
    lateness: float = 0.02
    corrections: float = 0.02
    disorder: float = 0.02
    cancellations: float = 0.005
    unknown_owners: float = 0.003
    amendments: float = 0.08
    invoiced: float = 0.9
    paid: float = 0.85

    def __post_init__(self) -> None:
        for name in NAMES:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}: a share of facts; give 0 to 1")

    def content(self) -> "Dials":
        """Return those that decide what the CRM says; the others, only how it is delivered."""
        return replace(self, duplicates=0.0, disorder=0.0)

    def times(self, factor: float) -> "Dials":
        """Return all dials of what goes wrong turned by one factor, none beyond 1."""
        return replace(self, **{n: min(1.0, getattr(self, n) * factor) for n in UNTIDY})


NAMES = tuple(field.name for field in fields(Dials))
UNTIDY = tuple(name for name in NAMES if name not in ("invoiced", "paid"))
CALM = Dials(**dict.fromkeys(NAMES, 0.0))
