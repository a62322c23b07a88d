from hypothesis import settings

# A slow computer is no failure, so that there is no deadline.
settings.register_profile("provenance", deadline=None, max_examples=200)
settings.load_profile("provenance")
