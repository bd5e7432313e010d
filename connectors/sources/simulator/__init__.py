"""A simulated sales floor: a seeded CRM whose reps call, write, meet, sell and make mistakes.

Everything up to delivery is pure: (floor, seed, start, dials) decide every byte. Only `producer`,
`recording` and the clock handed to `live` touch the world outside.
"""
