"""Nouns: everything that crosses a wire or a disk is declared here."""
