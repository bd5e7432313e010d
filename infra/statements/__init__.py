"""Statements, explanations and disputes: what the ledger says, for those it is about."""
