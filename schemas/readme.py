"""The tables of schemas/README.md, made from the topics and the Avro schemas.

`python -m schemas.readme` writes them into the file; a test fails when they differ.
"""

from pathlib import Path

from schemas import catalogue, topics
from schemas.topics import DAY_MS, FOREVER, Topic

BEGIN = "<!-- made by `python -m schemas.readme`; do not edit between the marks -->"
END = "<!-- end -->"
README = Path(__file__).with_name("README.md")


def tables() -> str:
    """Return the tables of topics and of messages in Markdown."""
    return "\n".join([*_topic_lines(), "", *_message_lines()])


def written_into(text: str) -> str:
    """Return a page with the tables between its marks replaced.

    Raises:
        ValueError: the page lacks a mark.
    """
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n\n{tables()}\n\n{END}{tail}"


def _topic_lines() -> list[str]:
    lines = [
        "| topic | key | messages | partitions | kept | written by | read by |",
        "|---|---|---|---|---|---|---|",
    ]
    return lines + [_topic_line(topic) for topic in (*topics.TOPICS, topics.raw("<source>"))]


def _topic_line(topic: Topic) -> str:
    cells = (
        f"`{topic.name}`",
        topic.key,
        ", ".join(topic.messages),
        str(topic.partitions or "as set"),
        _kept(topic),
        topic.written_by,
        topic.read_by,
    )
    return f"| {' | '.join(cells)} |"


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return "newest of each key"
    return "for ever" if topic.retention_ms == FOREVER else f"{topic.retention_ms // DAY_MS} days"


def _message_lines() -> list[str]:
    lines = ["| message | versions | Avro name | what it says | example |", "|---|---|---|---|---|"]
    for message in sorted(catalogue.messages()):
        numbers = sorted(v.number for v in catalogue.ids() if v.message == message)
        newest = catalogue.schema(catalogue.latest(message))
        lines.append(
            f"| {message} | {', '.join(map(str, numbers))} | `{catalogue.subject_name(message)}` "
            f"| {newest['doc']} | [{message}.json](examples/{message}.json) |"
        )
    return lines


if __name__ == "__main__":
    README.write_text(written_into(README.read_text("utf-8")), "utf-8")
