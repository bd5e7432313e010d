"""Ground: processes, tables, the sample company, the command line."""
