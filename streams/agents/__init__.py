"""Pipes: topic in, fold, tables and topics out."""
