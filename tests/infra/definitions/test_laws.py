"""What holds for all definitions: order and spelling do not matter, nothing is lost on the way."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.definitions import exporting
from infra.definitions.canonical import content_of, revision_id_of, value_of
from infra.definitions.differing import Sign, differences
from infra.definitions.loading import MODELS, load
from infra.definitions.nodes import from_yaml
from infra.definitions.records import Entry, Revision, effective, entry_of, headers_of
from infra.definitions.records import value_of as record_of
from infra.sample import DEFINITIONS
from schemas.codec import CatalogueIds
from schemas.currencies import CODES
from schemas.definitions import KINDS, RULES, Definition, Measures
from schemas.money import minor_units
from streams.domain.inforce import RULES as DOMAIN_RULES

SAMPLE = load(DEFINITIONS).values
TREES = {k: from_yaml(k, (DEFINITIONS / f"{k}.yaml").read_text("utf-8")).value for k in KINDS}


def _shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        items = [(k, _shuffled(v, random)) for k, v in value.items()]
        random.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [_shuffled(v, random) for v in value]
        random.shuffle(items)
        return items
    return value


@given(kind=st.sampled_from(sorted(KINDS)), random=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_order_of_entries_and_fields_is_the_same_revision(kind: str, random: Any) -> None:
    shuffled = KINDS[kind].model_validate(_shuffled(TREES[kind], random))
    assert revision_id_of(content_of(shuffled)) == revision_id_of(content_of(SAMPLE[kind]))
    assert differences({kind: SAMPLE[kind]}, {kind: shuffled}) == ()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_content_comes_back_as_the_same_value(kind: str) -> None:
    content = content_of(SAMPLE[kind])
    assert content_of(value_of(kind, content)) == content


def test_a_number_written_in_two_ways_is_the_same_revision() -> None:
    def rates(text: str) -> Definition:
        return KINDS["rates"].model_validate(
            {"rates": [{"base": "USD", "quote": "EUR", "on": "2026-01-01", "rate": text}]}
        )

    assert content_of(rates("0.90")) == content_of(rates("0.9")) != content_of(rates("0.91"))
    assert '"100"' in content_of(rates("1E2"))


def test_names_of_people_are_in_no_revision() -> None:
    people = yaml.safe_load((DEFINITIONS / "people.yaml").read_text("utf-8"))["people"]
    everything = "".join(content_of(SAMPLE[kind]) for kind in KINDS)
    for person in people:
        assert person["name"] not in everything
        assert person["email"] not in everything
        assert not set(person["name"].lower().split()) & set(everything.lower().split('"'))


def test_a_difference_names_entry_field_before_and_after() -> None:
    tree = {**TREES["quotas"], "quotas": list(TREES["quotas"]["quotas"])}
    first, second = dict(tree["quotas"][0]), tree["quotas"][1]
    tree["quotas"] = [{**first, "amount": "93000"}, *tree["quotas"][2:]]
    changed, removed = differences(SAMPLE, {"quotas": KINDS["quotas"].model_validate(tree)})
    assert (changed.sign, changed.field, changed.before, changed.after) == (
        Sign.CHANGED, "amount", "92000", "93000",
    )  # fmt: skip
    assert "hp-02" in changed.what
    assert removed.sign is Sign.REMOVED
    assert second["period_start"] in removed.what
    assert str(changed).endswith("amount: 92000 -> 93000")
    assert str(removed).startswith(
        "- quotas REP:hp-02:revenue_won_reporting:2026-04-01  (owner_kind"
    )


def test_a_difference_in_a_plan_names_tier_and_rep() -> None:
    tree = {"plans": [dict(plan) for plan in TREES["plans"]["plans"]]}
    first = tree["plans"][0]
    (component,) = first["components"]
    tiers = [{**component["tiers"][0], "rate": "0.08"}, *component["tiers"][1:]]
    first["components"] = [{**component, "tiers": tiers}]
    first["reps"] = [*first["reps"][1:], "hp-24"]
    changed = differences(SAMPLE, {"plans": KINDS["plans"].model_validate(tree)})
    assert list(map(str, changed)) == [
        "~ plans ae-quarter components revenue tiers 0 rate: 0.07 -> 0.08",
        "- plans ae-quarter reps hp-03",
        "+ plans ae-quarter reps hp-24",
    ]


def test_a_difference_within_a_component_names_the_field() -> None:
    def plans(**fields: Any) -> Definition:
        tree = {"plans": [dict(TREES["plans"]["plans"][0])]}
        (component,) = tree["plans"][0]["components"]
        tree["plans"][0]["components"] = [{**component, **fields}]
        return KINDS["plans"].model_validate(tree)

    before = plans(cap={"amount": "100"}, gates=[{"since": "0.5"}], quota="10")
    after = plans(cap={"amount": "200"}, gates=[{"since": "0.6"}], quota="10")
    where = "plans ae-quarter components revenue"
    assert list(map(str, differences({"plans": before}, {"plans": after}))) == [
        f"~ {where} cap amount: 100 -> 200",
        f"- {where} gates PERIOD ATTAINMENT 0.5  (pays FROM_FIRST)",
        f"+ {where} gates PERIOD ATTAINMENT 0.6  (pays FROM_FIRST)",
    ]


def test_tiers_are_written_in_order_of_their_numbers() -> None:
    since = [int(tier["since"]) for tier in _tiers_written(["100000", "20000", "0"])]
    assert since == [0, 20000, 100000]


def _tiers_written(since: list[str]) -> Any:
    tree = {"plans": [dict(TREES["plans"]["plans"][0])]}
    tiers = [{"since": bound, "rate": "0.1"} for bound in since]
    tree["plans"][0]["components"] = [{"component_id": "revenue", "tiers": tiers}]
    written = yaml.safe_load(content_of(KINDS["plans"].model_validate(tree)))
    return written["plans"][0]["components"][0]["tiers"]


def test_the_shipped_schemas_are_those_of_the_models() -> None:
    for kind in MODELS:
        shipped = (DEFINITIONS / "schema" / f"{kind}.json").read_text("utf-8")
        assert shipped == exporting.text_of(kind), "run `pacesetter definitions schema --out ...`"
        head = (DEFINITIONS / f"{kind}.yaml").read_text("utf-8").splitlines()[0]
        assert head == f"# yaml-language-server: $schema=schema/{kind}.json"


def test_the_sample_has_every_rule_as_a_measure() -> None:
    measures = SAMPLE["measures"]
    assert isinstance(measures, Measures)
    assert [m.rule for m in measures.measures] == list(RULES)


def test_currencies_with_other_minor_units_exist() -> None:
    assert {c for c in CODES if minor_units(c) == 0} >= {"JPY", "KRW", "CLP"}
    assert all(len(c) == 3 and c.isupper() for c in CODES)


# --- which sets of revisions count ---------------------------------------------------------------

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _entries(*sets: tuple[str, int, int, int | None], start: int = 100) -> list[Entry]:
    """Return entries in log order from (set, part, parts, base)."""
    return [
        Entry(Revision(start + i, f"k{part}", "", "", "", NOW, ""), base, name, part, parts)
        for i, (name, part, parts, base) in enumerate(sets)
    ]


def _counted(*sets: tuple[str, int, int, int | None], newest: int = 7) -> list[int]:
    return [r.sequence for r in effective(_entries(*sets), newest)]


def test_a_whole_set_on_the_newest_counts() -> None:
    assert _counted(("a", 1, 2, 7), ("a", 2, 2, 7)) == [100, 101]


def test_a_set_that_a_crash_cut_off_never_counts() -> None:
    assert _counted(("a", 1, 2, 7)) == []
    assert _counted(("a", 1, 2, 7), ("b", 1, 1, 7)) == [101]
    assert _counted(("a", 2, 2, 7), ("b", 1, 1, 7)) == [101]


def test_of_two_sets_on_the_same_base_the_first_counts() -> None:
    assert _counted(("a", 1, 1, 7), ("b", 1, 1, 7), ("c", 1, 1, 100)) == [100, 102]


def test_sets_that_run_into_each_other_do_not_count() -> None:
    assert _counted(("a", 1, 2, 7), ("b", 1, 1, 7), ("a", 2, 2, 7)) == [101]


def test_a_record_of_other_hands_counts_by_itself() -> None:
    assert _counted(("", 1, 1, None), ("b", 1, 1, 100)) == [100, 101]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 3),
                       st.sampled_from([7, 100, 101, 102, None])), max_size=9),
    st.integers(0, 9),
)  # fmt: skip
@settings(deadline=None)
def test_what_counts_is_the_same_however_often_the_reading_is_interrupted(
    sets: list[tuple[str, int, int, int | None]], cut: int
) -> None:
    """A reader begins behind the newest it took; it must find what an uninterrupted one finds."""
    entries = [e for e in _entries(*sets) if e.part <= e.parts]
    whole = effective(entries, 7)
    first = effective(entries[:cut], 7)
    newest = first[-1].sequence if first else 7
    rest = effective([e for e in entries if e.revision.sequence > newest], newest)
    assert (*first, *rest) == whole


def test_a_record_comes_back_from_its_bytes_and_damage_is_no_entry() -> None:
    ids = CatalogueIds()
    revision = Revision(5, "roster", "f00", "Dana", "why", NOW, content_of(SAMPLE["roster"]))
    value = record_of(revision, ids)
    headers: dict[str, bytes | None] = {k: v.encode() for k, v in headers_of("s", 1, 2, 7)}
    assert entry_of(5, value, headers, ids) == Entry(revision, 7, "s", 1, 2)
    assert entry_of(5, value, {}, ids) == Entry(revision)
    assert entry_of(5, value[:-3], headers, ids) is None
    assert entry_of(5, b"", headers, ids) is None
    assert entry_of(5, value, {**headers, "part": b"one"}, ids) is None


def test_the_rules_a_measure_may_name_are_those_of_the_domain() -> None:
    assert {name: rule.of for name, rule in RULES.items()} == {
        name: rule.of for name, rule in DOMAIN_RULES.items()
    }
