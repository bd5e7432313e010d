"""What plans say of deals that are cancelled: in words, and whether it makes sense."""

from collections.abc import Iterator

from infra.definitions.checking_components import wrong
from infra.definitions.problems import Finding, Path
from schemas.plan_choices import Attained, ClawbackMode
from schemas.plans import Clawback

_TAKES = {
    ClawbackMode.LADDER: "no longer counts: the tiers of its period are climbed again without it",
    ClawbackMode.FULL: "takes back what it earned when it came, in the order of days",
    ClawbackMode.PAID: "takes back what of it was paid out; what was not is dropped",
    ClawbackMode.PRO_RATA: "takes back what it earned for the part of its term that is not served",
}


def words(one: Clawback) -> Iterator[str]:
    """Yield what becomes of cancelled deals, sentence by sentence."""
    when = f" for {' or '.join(r.lower() for r in one.reasons)}" if one.reasons else ""
    if one.within_months is not None:
        when += f" within {one.within_months} months"
    yield f"A deal that is cancelled{when} {_TAKES[one.mode]}."
    if one.mode is ClawbackMode.PRO_RATA:
        yield f"Its term is {one.term_months} months from the day it was won."
    if one.mode is not ClawbackMode.LADDER:
        kept = "It goes on counting for attainment"
        reduced = "Deals from the day of the cancellation on climb without it"
        yield (
            f"{kept if one.attainment is Attained.KEPT else reduced}; other deals keep what "
            "they earned."
        )
    if when:
        yield "Any other cancellation takes nothing back."


def check(path: Path, one: Clawback) -> Iterator[Finding]:
    """Yield everything wrong with what a plan takes back."""
    is_pro_rata = one.mode is ClawbackMode.PRO_RATA
    if is_pro_rata != (one.term_months is not None):
        yield wrong((*path, "term_months"), one.term_months, "goes with mode PRO_RATA",
                    "give both: after so many months nothing is taken back")  # fmt: skip
    if one.mode is ClawbackMode.LADDER and one.attainment is Attained.REDUCED:
        yield wrong((*path, "attainment"), one.attainment,
                    "goes without saying with LADDER, for what came before, too",
                    "leave it out, or take FULL, PAID or PRO_RATA")  # fmt: skip
    for i, reason in enumerate(one.reasons):
        if reason in one.reasons[:i]:
            yield wrong((*path, "reasons", i), reason, "is named twice", "name it once")
