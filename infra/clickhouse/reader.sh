#!/bin/bash
# Makes or renews the user `bi`, who reads the views of spm_bi and nothing else. Run by compose (--profile bi), harmless to repeat.
# Secrets are read from files and handed over on standard input, so that no list of processes shows them.
set -euo pipefail
password=$(cat /run/secrets/bi_password)
[[ $password =~ ^[0-9A-Za-z]+$ ]] || { echo "secrets/bi_password: letters and digits alone; openssl rand -hex 24 makes one" >&2; exit 1; }

CLICKHOUSE_PASSWORD=$(cat /run/secrets/warehouse_password) clickhouse-client \
    --host "$WAREHOUSE_HOST" --user "$WAREHOUSE_USER" --multiquery <<SQL
CREATE ROLE IF NOT EXISTS spm_bi_reader;
GRANT SELECT ON spm_bi.* TO spm_bi_reader;
-- 2 and not 1: tools send settings with every query. The ones that guard the warehouse cannot be loosened.
CREATE SETTINGS PROFILE OR REPLACE spm_bi_reader SETTINGS readonly = 2,
    max_execution_time = 60 MAX 60, max_memory_usage = 4000000000 MAX 4000000000,
    max_threads = 4 MAX 4, max_result_rows = 1000000 MAX 1000000 TO spm_bi_reader;
CREATE USER OR REPLACE bi IDENTIFIED BY '$password';
GRANT spm_bi_reader TO bi;
SQL
