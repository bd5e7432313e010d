#!/bin/sh
# Imports the bundle into the Superset whose `superset` command and configuration this shell has, then sets
# the warehouse's address. Harmless to repeat.
set -eu
: "${WAREHOUSE_URI:?say where the warehouse is: WAREHOUSE_URI=clickhousedb://USER:PASSWORD@HOST:8123/spm_bi}"
here=$(dirname "$0")
superset import-directory --overwrite "$here/assets"
superset set-database-uri --database_name Pacesetter --uri "$WAREHOUSE_URI" --skip_create
