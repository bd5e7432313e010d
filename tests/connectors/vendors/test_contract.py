"""The list every source goes through, whatever its vendor; the matrix is printed at the end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connectors.sources.vendors.contract import Endpoint, Request, Unsigned
from connectors.sources.vendors.registry import VENDORS
from infra.sources.asking import made_secret
from tests.brokers import Broker, running_broker
from tests.connectors.vendors.example_standin import ExampleStandin
from tests.connectors.vendors.standins import STANDINS
from tests.connectors.vendors.trial import Trial, trial

pytestmark = pytest.mark.slow
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
MATRIX: dict[tuple[str, str], str] = {}
USER = "501"


def minutes(count: int) -> datetime:
    return NOW + timedelta(minutes=count)


def facts(kind: str, number: int) -> dict[str, Any]:
    """Return what is said of a record; another number says something else."""
    if kind == "deal":
        return {
            "name": f"Deal {number}", "amount": f"{1000 + number}.50", "currency": "EUR",
            "stage": "OPEN", "close_date": NOW.date().isoformat(),
        }  # fmt: skip
    if kind == "call":
        return {"seconds": 60 + number, "connected": True, "direction": "OUTBOUND"}
    if kind == "meeting":
        return {"start_at": NOW, "end_at": NOW + timedelta(minutes=30 + number),
                "outcome": "COMPLETED"}  # fmt: skip
    return {"recipients": number}


def says(kind: str, record: dict[str, Any] | None, number: int) -> bool:
    """Return whether a message says what `facts` does."""
    if record is None:
        return False
    if kind == "deal":
        return str(record["amount"]).rstrip("0") == f"{1000 + number}.5"
    if kind == "call":
        return bool(record["talk_seconds"] == 60 + number)
    if kind == "meeting":
        return bool(record["end_at"] == NOW + timedelta(minutes=30 + number))
    return bool(record["external_recipient_count"] == number)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


# A vendor costs four CPU seconds. Those that differ most in how they tell changes (signed in full,
# named only, by stream, by token) are always tried; `make sources` tries all, and the example of
# CONTRIBUTING.
EXAMPLE = "example-crm"
ALWAYS = ("aircall", "hubspot", "salesforce", "webhook")
EACH = [
    pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long)
    for name in sorted({**STANDINS, EXAMPLE: ExampleStandin})
]


@pytest.fixture(scope="module", params=EACH)
def one(
    request: pytest.FixtureRequest, broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    name = request.param
    with pytest.MonkeyPatch.context() as patched:
        if name == EXAMPLE:
            patched.setitem(VENDORS, name, "tests.connectors.vendors.example_crm:VENDOR")
        make = STANDINS.get(name, ExampleStandin)
        with trial(name, make, broker, tmp_path_factory.mktemp(name)) as made:
            made.standin.user(USER, "ana@example.com", "Ana Alba")
            yield made


@pytest.fixture(autouse=True)
def _noted(request: pytest.FixtureRequest, one: Trial) -> Iterator[None]:
    case = request.node.originalname.removeprefix("test_")
    MATRIX[one.name, case] = "cannot happen"
    before = request.session.testsfailed
    yield
    if MATRIX[one.name, case] == "done":
        MATRIX[one.name, case] = "yes" if request.session.testsfailed == before else "NO"


@pytest.fixture(scope="module", autouse=True)
def _matrix(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    say = request.config.pluginmanager.getplugin("terminalreporter").write_line
    cases = list(dict.fromkeys(case for _, case in MATRIX))
    names = sorted({name for name, _ in MATRIX})
    width = max(map(len, cases), default=0)
    say("\n" + " " * width + "  " + "  ".join(f"{name:<13}" for name in names))
    for case in cases:
        say(f"{case:<{width}}  " + "  ".join(f"{MATRIX.get((n, case), ''):<13}" for n in names))


def can(one: Trial, what: str, *arguments: Any) -> None:
    """Do something at the vendor, or skip where it cannot happen there."""
    try:
        getattr(one.standin, what)(*arguments)
    except NotImplementedError as why:
        pytest.skip(str(why))


def tried(one: Trial, case: str) -> str:
    MATRIX[one.name, case] = "done"
    return one.standin.kinds[0]


def put(one: Trial, kind: str, record_id: str, at: datetime, number: int, **more: Any) -> None:
    one.standin.put(kind, record_id, at, **{"owner": USER, **facts(kind, number), **more})


def stands(
    one: Trial, kind: str, record_id: str, number: int, op: str = "SET", *, seconds: float = 20.0
) -> dict[str, Any]:
    """Wait until a record stands as said, and stays so; return it."""

    def right() -> dict[str, Any] | None:
        now = one.floor.now(kind, one.name, record_id)
        return now if now is not None and now["op"] == op and says(kind, now, number) else None

    one.until(right, seconds)
    one.settled()
    found = right()
    assert found is not None, one.floor.of(kind, one.name, record_id)
    return dict(found)


def test_duplicate(one: Trial) -> None:
    kind = tried(one, "duplicate")
    put(one, kind, "1001", minutes(1), 1)
    for request in one.push() * 2:
        one.take(request)
    stands(one, kind, "1001", 1)
    told = one.floor.of(kind, one.name, "1001")
    assert len({str(record) for _, record in told}) == 1, told


def test_reorder(one: Trial) -> None:
    kind = tried(one, "reorder")
    put(one, kind, "1002", minutes(2), 2)
    first = one.pushed()
    put(one, kind, "1002", minutes(3), 3)
    for request in (*one.pushed(), *first):
        one.take(request)
    stands(one, kind, "1002", 3)


def test_partial(one: Trial) -> None:
    """A push that names a change gives the whole record, and the listing adds nothing to it."""
    kind = tried(one, "partial")
    put(one, kind, "1003", minutes(4), 4)
    one.push()
    now = stands(one, kind, "1003", 4)
    assert USER in now["owner_id"]
    put(one, kind, "1003", minutes(5), 5)
    one.push()
    now = stands(one, kind, "1003", 5)
    assert USER in now["owner_id"]
    revisions = [record["revision"] for _, record in one.floor.of(kind, one.name, "1003")]
    assert revisions == sorted(set(revisions)), "no revision is told twice"


def test_listing_alone(one: Trial) -> None:
    """Without any push the listing brings everything."""
    if one.vendor.client is None:
        pytest.skip("it only pushes")
    kind = tried(one, "listing_alone")
    put(one, kind, "1004", minutes(6), 6)
    one.pushed()  # lost on their way
    stands(one, kind, "1004", 6)


def test_delete(one: Trial) -> None:
    put(one, one.standin.kinds[0], "1005", minutes(7), 7)
    one.push()
    stands(one, one.standin.kinds[0], "1005", 7)
    can(one, "delete", one.standin.kinds[0], "1005", minutes(8))
    kind = tried(one, "delete")
    one.push()
    stands(one, kind, "1005", 7, "CANCELLED")


def test_restore(one: Trial) -> None:
    kind = one.standin.kinds[0]
    put(one, kind, "1006", minutes(9), 9)
    one.push()
    stands(one, kind, "1006", 9)
    can(one, "delete", kind, "1006", minutes(10))
    one.push()
    stands(one, kind, "1006", 9, "CANCELLED")
    can(one, "restore", kind, "1006", minutes(11))
    tried(one, "restore")
    one.push()
    stands(one, kind, "1006", 9)


def test_merge(one: Trial) -> None:
    kind = one.standin.kinds[0]
    put(one, kind, "1007", minutes(12), 12)
    put(one, kind, "1008", minutes(13), 13)
    one.push()
    stands(one, kind, "1007", 12)
    stands(one, kind, "1008", 13)
    can(one, "merge", kind, "1007", "1008", minutes(14))
    tried(one, "merge")
    one.push()
    stands(one, kind, "1008", 13, "CANCELLED")
    now = one.floor.now(kind, one.name, "1007")
    assert now is not None
    assert now["op"] == "SET"


def _a_push(one: Trial, record_id: str, number: int) -> Request:
    put(one, one.standin.kinds[0], record_id, minutes(number), number)
    sent = one.pushed()
    if not sent:
        pytest.skip("it pushes nothing")
    return sent[0]


def test_wrong_signature(one: Trial) -> None:
    put(one, one.standin.kinds[0], "1009", minutes(15), 15)
    sent = one.standin.pushes(one.url, made_secret())
    if not sent:
        pytest.skip("it pushes nothing")
    tried(one, "wrong_signature")
    assert {one.post(request).status_code for request in sent} == {401}
    assert one.post(replace(sent[0], headers={})).status_code == 401


def test_replayed_signature(one: Trial) -> None:
    request = _a_push(one, "1010", 16)
    kind = tried(one, "replayed_signature")
    one.take(request)
    one.take(request)
    stands(one, kind, "1010", 16)
    hook = one.vendor.hook
    assert hook is not None
    try:  # an hour later it is refused, or changes nothing as above
        hook.verify(
            request, Endpoint(one.url, (one.secret,)), datetime.now(UTC) + timedelta(hours=1)
        )
    except Unsigned:
        return


def test_huge_body(one: Trial) -> None:
    request = _a_push(one, "1011", 17)
    tried(one, "huge_body")
    huge = replace(request, body=b'{"a":"' + b"x" * 1_100_000 + b'"}')
    assert one.post(huge).status_code == 413
    one.take(request)


def test_wrong_time_zone(one: Trial) -> None:
    """An instant told in another zone is the same instant, also where it is another day there."""
    kind = tried(one, "wrong_time_zone")
    tokyo = minutes(18).astimezone(timezone(timedelta(hours=9)))
    put(one, kind, "1012", tokyo, 18)
    one.push()
    now = stands(one, kind, "1012", 18)
    assert abs(now["revision"] / 1e6 - tokyo.timestamp()) < 2


def test_unknown_user(one: Trial) -> None:
    kind = tried(one, "unknown_user")
    put(one, kind, "1013", minutes(19), 19, owner="999")
    one.push()
    now = stands(one, kind, "1013", 19)
    assert "999" in now["owner_id"]
    assert one.aside() == 0


def test_outage_of_vendor(one: Trial) -> None:
    if one.vendor.client is None:
        pytest.skip("it is never asked")
    kind = tried(one, "outage_of_vendor")
    put(one, kind, "1014", minutes(20), 20)
    one.standin.outage(True)
    one.push()
    put(one, kind, "1015", minutes(21), 21)
    one.settled_without_vendor()
    one.standin.limit(2)
    one.standin.outage(False)
    one.push()
    stands(one, kind, "1014", 20, seconds=60)  # some ask for ten seconds of patience, twice
    stands(one, kind, "1015", 21)


def test_expired_cursor(one: Trial) -> None:
    if one.vendor.client is None:
        pytest.skip("it has none")
    kind = tried(one, "expired_cursor")
    one.rest()
    one.standin.forget_cursors()
    put(one, kind, "1016", minutes(22), 22)
    one.pushed()
    one.start()
    stands(one, kind, "1016", 22)


def test_outage_of_kafka(one: Trial) -> None:
    """The broker dies and with it its memory; it comes back, and everything is there again."""
    kind = tried(one, "outage_of_kafka")
    put(one, kind, "1017", minutes(23), 23)
    one.push()
    stands(one, kind, "1017", 23)
    put(one, kind, "1018", minutes(24), 24)
    sent = one.pushed()
    one.broker.stop()
    try:
        statuses = {one.post(request).status_code for request in sent[:1]}
    finally:
        one.rest()
        one.floor.close()
        one.broker.start()
        one.again()
    assert statuses <= {503}
    for request in sent:
        one.take(request)
    stands(one, kind, "1018", 24)
