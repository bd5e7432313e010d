"""The independent proof: results computed again in SQL from history, and compared.

Nothing here imports streams: no rule, no engine. What an agent believes is stated a second time.
"""
