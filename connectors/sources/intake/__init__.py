"""The HTTP intake: events in the canonical model or as CloudEvents, into Kafka."""
