"""The embedded warehouse: a ClickHouse HTTP server over chDB."""
