from hypothesis import settings
from support.tries import tries

# A slow computer is no failure, so that there is no deadline.
settings.register_profile("provenance", deadline=None, max_examples=tries(200))
settings.load_profile("provenance")
