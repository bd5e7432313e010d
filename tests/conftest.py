"""What holds for every test."""

from hypothesis import settings

# A law is right or wrong, not fast: on a busy machine a deadline fails by chance.
settings.register_profile("pacesetter", deadline=None)
settings.load_profile("pacesetter")
