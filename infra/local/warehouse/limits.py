"""Every limit of the embedded warehouse, each with its reason."""

from dataclasses import dataclass

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the machine a request may take.

    Readers (BI tools, people) share a bounded corner; writers (the pipeline's own processes) are
    few, known, and bounded by memory alone.

    Attributes:
        readers_max: reads at once over all readers; with one thread each, two cores stay usable.
        reader_threads: threads of one read.
        reader_memory_bytes: memory of one read; two of them fit beside the inserts.
        reader_seconds: longest read. A dashboard that needs more wants a view.
        reader_result_bytes: largest answer to a reader, before compression.
        reader_waiting_max: reads one principal may have in the queue; more is refused at once.
        reader_wait_seconds: longest wait for a turn before a read is refused.
        writers_max: requests of the pipeline at once; enough for its processes.
        result_bytes: largest answer to a writer; answers are held in memory.
        body_bytes: largest request body, as sent and unpacked alike; it is held in memory.
        sessions_max: sessions kept; the one unused longest makes room.
        session_seconds: longest a session may ask to be kept, as in ClickHouse's default.
        stop_seconds: time that running requests get when the server is told to stop.
    """

    readers_max: int = 2
    reader_threads: int = 1
    reader_memory_bytes: int = 512 * MB
    reader_seconds: int = 10
    reader_result_bytes: int = 64 * MB
    reader_waiting_max: int = 50
    reader_wait_seconds: float = 60.0
    writers_max: int = 16
    result_bytes: int = 512 * MB
    body_bytes: int = 256 * MB
    sessions_max: int = 200
    session_seconds: int = 3600
    stop_seconds: int = 3
