"""Commission costs in the books, computed from the commission ledger when they are asked for."""
