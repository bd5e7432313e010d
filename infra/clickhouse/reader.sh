#!/bin/bash
# Makes or renews the user `bi`, who reads the views of spm_bi that tell nothing of anybody's pay, and the role
# spm_bi_finance, which reads all of them. Run by compose (--profile bi), harmless to repeat; after an upgrade it
# opens views that are new. Secrets are read from files and handed over on standard input, so that no list of
# processes shows them.
set -euo pipefail
password=$(cat /run/secrets/bi_password)
[[ $password =~ ^[0-9A-Za-z]+$ ]] || { echo "secrets/bi_password: letters and digits alone; openssl rand -hex 24 makes one" >&2; exit 1; }
CLICKHOUSE_PASSWORD=$(cat /run/secrets/warehouse_password)
export CLICKHOUSE_PASSWORD
client() { clickhouse-client --host "$WAREHOUSE_HOST" --user "$WAREHOUSE_USER" "$@"; }

# Pay is what reads a table or a view of pay; infra/local/warehouse/rows.py says the same of the embedded warehouse.
views=$(client <<'SQL'
SELECT arrayStringConcat(groupArray(concat('SELECT ON spm_bi.', name)), ', ') FROM
(
    SELECT name FROM system.tables
    WHERE database = 'spm_bi' AND NOT match(create_table_query,
        'spm(_bi)?\\.(commission|dispute|payroll|payout|pay_run|draw|amorti[sz]ation|plan_revision)')
    ORDER BY name
)
SQL
)

client --multiquery <<SQL
CREATE ROLE OR REPLACE spm_bi_reader;
GRANT $views TO spm_bi_reader;
CREATE ROLE IF NOT EXISTS spm_bi_finance;
GRANT SELECT ON spm_bi.* TO spm_bi_finance;
-- 2 and not 1: tools send settings with every query. The ones that guard the warehouse cannot be loosened.
CREATE SETTINGS PROFILE OR REPLACE spm_bi_reader SETTINGS readonly = 2,
    max_execution_time = 60 MAX 60, max_memory_usage = 4000000000 MAX 4000000000,
    max_threads = 4 MAX 4, max_result_rows = 1000000 MAX 1000000 TO spm_bi_reader, spm_bi_finance;
CREATE USER OR REPLACE bi IDENTIFIED BY '$password';
GRANT spm_bi_reader TO bi;
SQL
