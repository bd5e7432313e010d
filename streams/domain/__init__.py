"""Verbs: pure rules over values. No Faust, clock, IO or logging."""
