"""Settings that come with a request: which are applied, clamped, ignored or refused."""

from collections.abc import Mapping

from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.limits import Limits

# Meant for the server's HTTP side, or sent by clients as a matter of course: nothing to apply.
IGNORED = frozenset({
    "cancel_http_readonly_queries_on_client_close", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "wait_end_of_query", "buffer_size", "readonly",
    "enable_http_compression", "http_zlib_compression_level", "http_response_buffer_size",
    "http_native_compression_disable_checksumming_on_decompress",
    "http_write_exception_in_output_format",
    "add_http_cors_header", "log_comment", "log_queries", "priority",
    "http_wait_end_of_query", "http_make_head_request", "http_max_uri_size", "http_send_timeout",
    "http_receive_timeout", "http_connection_timeout", "send_timeout", "receive_timeout",
})  # fmt: skip
# What a reader may set: how an answer looks and how a join treats what is missing. Nothing that
# names a file (format_schema, format_template_*), and nothing that loosens a limit or a filter.
READERS_MAY = frozenset({
    "join_use_nulls", "any_join_distinct_right_table_keys", "max_result_rows", "max_block_size",
    "result_overflow_mode", "extremes", "limit", "offset", "session_timezone", "group_by_use_nulls",
    "aggregate_functions_null_for_empty", "union_default_mode", "prefer_column_name_to_alias",
    "date_time_input_format", "date_time_output_format", "cast_keep_nullable", "transform_null_in",
    "cast_string_to_dynamic_use_inference", "cast_string_to_variant_use_inference",
    "select_sequential_consistency", "load_balancing", "totals_mode", "async_insert",
    "format_csv_delimiter", "format_csv_null_representation", "format_tsv_null_representation",
    "use_client_time_zone", "show_table_uuid_in_table_create_query_if_not_nil",
    "show_data_lake_catalogs_in_system_tables", "low_cardinality_allow_in_native_format",
    "enable_optimize_predicate_expression", "use_query_cache", "query_cache_ttl",
    "optimize_read_in_order", "allow_experimental_analyzer", "enable_analyzer",
})  # fmt: skip
_LOOKS = "output_format_"
_LOOKS_FILES = ("output_format_schema",)  # would name a file
# Values that change nothing, of settings that would otherwise be refused.
_HARMLESS = {"allow_experimental_analyzer": "1", "enable_analyzer": "1"}


def applied(
    wanted: Mapping[str, str], known: frozenset[str], reader: Limits | None
) -> dict[str, str]:
    """Return the settings to apply. `reader`: the limits of a reader, None for the pipeline.

    Raises:
        ClickHouseError: an unknown setting, or one that a reader may not change.
    """
    kept = {name: value for name, value in wanted.items() if name not in IGNORED}
    for name in kept:
        if name not in known:
            raise refused(Code.UNKNOWN_SETTING, f"Unknown setting '{name}'")
    if reader is None:
        return kept
    caps = ceilings(reader)
    for name, value in kept.items():
        if name in caps:
            kept[name] = _clamped(name, value, caps[name])
        elif not _reader_may(name):
            raise refused(Code.READONLY, f"Cannot modify '{name}' setting in readonly mode")
    return kept


def ceilings(limits: Limits) -> dict[str, int]:
    """Return the settings of a reader that have a ceiling."""
    return {
        "max_threads": limits.reader_threads,
        "max_memory_usage": limits.reader_memory_bytes,
        "max_execution_time": limits.reader_seconds,
        "max_result_bytes": limits.reader_result_bytes,
    }


def seal(limits: Limits, filters: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that make a handle a reader's, before what it asks for itself."""
    pairs = ",".join(f"{quoted(view)}:{quoted(rule)}" for view, rule in filters.items())
    return {
        **{name: str(value) for name, value in ceilings(limits).items()},
        "result_overflow_mode": "throw",
        "timeout_overflow_mode": "throw",
        # Nothing of theirs goes to disk: neither by a size nor by a share of the server's memory.
        "max_bytes_before_external_group_by": "0",
        "max_bytes_before_external_sort": "0",
        "max_bytes_ratio_before_external_group_by": "0",
        "max_bytes_ratio_before_external_sort": "0",
        "additional_table_filters": "{" + pairs + "}",
        # What a reader asks is computed of rows behind the filter alone, however the engine joins
        # the two conditions: an error must not tell of somebody else's row.
        "short_circuit_function_evaluation": "force_enable",
    }


def _reader_may(name: str) -> bool:
    return name in READERS_MAY or (name.startswith(_LOOKS) and not name.startswith(_LOOKS_FILES))


def _clamped(name: str, value: str, ceiling: int) -> str:
    try:
        number = float(value)
    except ValueError:
        raise refused(Code.BAD_ARGUMENTS, f"{name}={value} is no number") from None
    return value if 0 < number <= ceiling else str(ceiling)


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
