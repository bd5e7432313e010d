"""Nothing reaches outside the engine, not even for the pipeline: no file, no network, no process.

The pipeline's processes are trusted, so this is a belt and no sandbox: it keeps a slip, or text
that found its way into a statement, from reading the machine. Readers have the guard instead.
"""

from itertools import pairwise

from infra.local.warehouse.errors import ClickHouseError, Code, refused
from infra.local.warehouse.lexer import Token, tokens
from infra.local.warehouse.statements import InsertData, InsertInput, Statement

FUNCTIONS = frozenset({
    "file", "filecluster", "filesystem", "url", "urlcluster", "urlwithheaders", "s3", "s3cluster",
    "gcs", "oss", "cosn", "hdfs", "hdfscluster", "remote", "remotesecure", "cluster",
    "clusterallreplicas", "mysql", "postgresql", "mongodb", "redis", "sqlite", "odbc", "jdbc",
    "executable", "python", "eval", "arrowstream", "azureblobstorage", "azureblobstoragecluster",
    "bigquery", "ytsaurus", "deltalake", "iceberg", "hudi", "paimon", "icebergs3", "iceberglocal",
    "deltalakelocal", "deltalakes3", "paimonlocal", "aigenerate", "aiclassify", "aiembed",
    "aiextract", "aifilter", "airedact", "aisimilarity", "aitranslate", "showcertificate",
})  # fmt: skip
ENGINES = frozenset({
    "file", "url", "s3", "s3queue", "hdfs", "mysql", "postgresql", "materializedpostgresql",
    "mongodb", "redis", "sqlite", "odbc", "jdbc", "executable", "executablepool", "kafka",
    "rabbitmq", "nats", "azureblobstorage", "azurequeue", "iceberg", "deltalake", "hudi",
    "filelog", "distributed", "python", "ytsaurus",
})  # fmt: skip


def check_outward(text: InsertData | InsertInput | Statement) -> None:
    """Let a statement pass that stays inside.

    Raises:
        ClickHouseError: it names a file, a server or a program.
    """
    match text:
        case Statement():
            _check(text.text)
        case InsertData():
            _check(text.head)
        case InsertInput():
            _check(text.before)
            _check(text.after)


def _check(sql: str) -> None:
    for token, following in pairwise([*tokens(sql), Token("mark", "", 0, 0)]):
        name = token.text.strip('`"').lower()
        if following.text == "(" and name in FUNCTIONS and token.kind in ("word", "quoted"):
            raise _denied(f"{token.text}()")
        if token.says("OUTFILE", "INFILE") and following.kind == "string":
            raise _denied(token.text.upper())
        if token.text == "=" and following.text.lower() in ENGINES:
            raise _denied(f"engine {following.text}")


def _denied(what: str) -> ClickHouseError:
    return refused(
        Code.ACCESS_DENIED,
        f"Not enough privileges: {what} reaches outside the warehouse; send data in the request",
    )
