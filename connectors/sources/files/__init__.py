"""Files: exports as CSV, JSON lines or Excel sheets, read by a mapping, into Kafka."""
