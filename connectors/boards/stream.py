"""Stream: the board's ear on Kafka.

First it takes its place at the end, then it seeds, then it applies what came meanwhile; so nothing
is missed, and nothing is counted twice.

Results are in the warehouse before their message is in the topic (order of effects), so whatever
stands before the end is in the seed. Trouble of any known kind ends the session; the board keeps
what it shows, says that it stands still, and begins again.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import date
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from connectors.boards.board import scored
from connectors.boards.config import BoardConfig
from connectors.boards.feed import Feed
from connectors.boards.periods import first_day, midnight_in, today_in
from connectors.boards.scores import Scores, partials_of
from connectors.boards.seed import Seed, SeedUnavailable, progress_of
from schemas.codec import CatalogueIds, SchemaIds, Undecodable, decode
from schemas.topics import CONTEST_SCORES, DEFINITIONS, PROGRESS, REP_DAYS

log = structlog.get_logger()

HEARD = (REP_DAYS.name, PROGRESS.name, DEFINITIONS.name, CONTEST_SCORES.name)
PROGRESS_BACK = 1000  # messages read again at the start: what sources said before anyone stored it
RECORDS_MAX = 2000  # per poll; keeps the loop responsive in a flood
POLL_SECONDS = 0.25
PROBE_SECONDS = 2.0  # how soon a dead broker is noticed
ANSWER_SECONDS_MAX = 3.0
REFRESH_SECONDS = 60.0  # people and teams; a move of spm.definitions is noticed at once
RETRY_SECONDS = 1.0


class BeginAgain(RuntimeError):
    """What the board holds no longer continues; str() says why."""


class Stream:
    """Keeps a feed's board up to date."""

    def __init__(
        self, config: BoardConfig, seed: Seed, feed: Feed, ids: SchemaIds | None = None
    ) -> None:
        self._config, self._seed, self._feed = config, seed, feed
        self._ids = ids or CatalogueIds()
        self._refresh_at: list[float] = []
        self._probe_at = 0.0
        self._ends: Mapping[TopicPartition, int] = {}

    async def run(self) -> None:
        """Hold sessions for ever."""
        while True:
            try:
                await self._session()
            except BeginAgain as why:
                log.info("board begins again", reason=str(why))
                continue
            except (KafkaError, SeedUnavailable, OSError, TimeoutError) as error:
                log.warning("board stands still", reason=_told(error))
                self._feed.stalls(_told(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _session(self) -> None:
        partitions = await self._partitions()
        consumer = self._consumer()
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await consumer.start()
            consumer.assign(partitions)
            await self._take_place(consumer)
            await self._begin()
            self._ends = {}
            self._feed.lives()
            await self._follow(consumer)
        finally:
            await _put_away(consumer.stop())

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._config.bootstrap,
            client_id="pacesetter-board",
            group_id=None,
            enable_auto_commit=False,
            request_timeout_ms=int(ANSWER_SECONDS_MAX * 1000),
            fetch_max_wait_ms=int(POLL_SECONDS * 1000),
            **self._config.kafka,
        )

    async def _partitions(self) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._config.bootstrap,
            request_timeout_ms=int(ANSWER_SECONDS_MAX * 1000),
            **self._config.kafka,
        )
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await admin.start()
                described = await admin.describe_topics(list(HEARD))
        finally:
            await _put_away(admin.close())
        found = [
            TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]
        ]
        if missing := set(HEARD) - {p.topic for p in found}:
            raise OSError(f"topic {', '.join(sorted(missing))} does not exist yet; start a worker")
        return found

    async def _take_place(self, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            assigned = list(consumer.assignment())
            ends = await consumer.end_offsets(assigned)
            starts = await consumer.beginning_offsets(assigned)
        for partition, end in ends.items():
            back = PROGRESS_BACK if partition.topic == PROGRESS.name else 0
            consumer.seek(partition, max(starts[partition], end - back))

    async def _begin(self) -> None:
        now = self._feed.clock()
        ground = await asyncio.to_thread(self._seed.ground)
        company = ground.floor.company
        since = first_day(today_in(company.time_zone, now), company)
        scores = await asyncio.to_thread(self._scored, ground.generation, since)
        board = self._feed.board
        board.seed(ground.floor, ground.generation, scores, now)
        midnight = midnight_in(company.time_zone, now)
        rows, before = await asyncio.to_thread(self._seed.contests, midnight)
        board.course.seed(ground.known, rows, before)
        for progress in await asyncio.to_thread(self._seed.progress):
            board.note(progress)
        self._feed.metrics.seeds.inc()
        self._refresh_at = [_monotonic() + REFRESH_SECONDS]
        self._feed.mark()

    def _scored(self, generation: int, since: date) -> Scores:
        return scored(self._seed.partials(generation, since), since)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(
                timeout_ms=int(POLL_SECONDS * 1000), max_records=RECORDS_MAX
            )
            for partition, records in fetched.items():
                self._feed.metrics.messages.labels(partition.topic).inc(len(records))
                for record in records:
                    self._hear(partition.topic, record.value)
            if _monotonic() >= self._probe_at:
                await self._probe(consumer)
            if _monotonic() >= min(self._refresh_at):
                await self._refresh()

    def _hear(self, topic: str, value: bytes | None) -> None:
        if value is None:  # a tombstone of a compacted topic
            return
        if topic == DEFINITIONS.name:
            self._expect_definitions()
            return
        try:
            _, message = decode(value, self._ids)
        except Undecodable as error:
            self._feed.metrics.undecodable.labels(topic).inc()
            log.warning("message left out", topic=topic, reason=str(error))
            return
        if topic == PROGRESS.name:
            self._feed.board.note(progress_of(message))
            self._feed.mark()
        elif topic == CONTEST_SCORES.name:
            self._score(message)
        else:
            self._apply(message)

    def _apply(self, message: Mapping[str, Any]) -> None:
        board = self._feed.board
        if message["generation"] != board.generation:
            if message["generation"] > board.generation:
                self._refresh_at.append(_monotonic() + RETRY_SECONDS)
            return
        partials = partials_of(message)
        if not board.follows(partials):
            raise BeginAgain("a log was begun anew")
        if board.apply(partials, self._feed.clock()):
            self._feed.mark(heard=True)

    def _score(self, message: Mapping[str, Any]) -> None:
        course = self._feed.board.course
        if not course.follows(message):
            raise BeginAgain("standings were begun anew")
        if course.apply(message):
            self._feed.mark(heard=True)

    def _expect_definitions(self) -> None:
        # Tables may be written shortly before or shortly behind the topic.
        self._refresh_at += [_monotonic() + 0.5, _monotonic() + 5.0]

    async def _probe(self, consumer: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            ends = await consumer.end_offsets(list(consumer.assignment()))
            places = {p: await consumer.position(p) for p in ends}
        # Compared with itself and not with our place: the embedded broker tells the end of a log as
        # the beginning of its last batch.
        if any(end < self._ends.get(p, 0) for p, end in ends.items()):
            raise BeginAgain("a topic is shorter than it was")
        self._ends = ends
        behind = (max(0, e - places[p]) for p, e in ends.items() if p.topic == REP_DAYS.name)
        self._feed.metrics.lag.set(sum(behind))
        self._probe_at = _monotonic() + PROBE_SECONDS
        self._feed.lives()

    async def _refresh(self) -> None:
        now = _monotonic()
        self._refresh_at = [t for t in self._refresh_at if t > now] or [now + REFRESH_SECONDS]
        try:
            ground = await asyncio.to_thread(self._seed.ground)
        except SeedUnavailable as error:  # the stream goes on; people are read again in a minute
            log.warning("people not refreshed", reason=str(error))
            return
        board = self._feed.board
        if ground.generation != board.generation:
            raise BeginAgain(f"generation {ground.generation} of results is live")
        if ground.known != board.course.known:
            board.course.known = ground.known
            self._feed.mark()
        if ground.floor == board.floor:
            return
        if not board.refloor(ground.floor, self._feed.clock()):
            raise BeginAgain("the periods reach back further than what is held")
        self._feed.mark()


def _told(error: BaseException) -> str:
    return str(error) or "Kafka does not answer"


async def _put_away(closing: Coroutine[Any, Any, None]) -> None:
    """Close a client, whatever it says: a client cut short in a call raises that once more."""
    task = asyncio.create_task(closing)
    await asyncio.wait({task}, timeout=ANSWER_SECONDS_MAX)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
