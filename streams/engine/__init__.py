"""Machine: batches, columns, partitions, flushes. Knows nothing about sales."""
