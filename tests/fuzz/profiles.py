"""How much Hypothesis tries: the same few inputs in every run of `make test`, and new ones, many more, when asked.

`HYPOTHESIS_PROFILE=many pytest …` tries fifty times as many, different ones each time; one that fails is printed.
"""

import os

from hypothesis import HealthCheck, Phase, settings

TOO_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("few", derandomize=True, deadline=None, suppress_health_check=TOO_SLOW)
settings.register_profile("many", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=TOO_SLOW)
settings.register_profile("noshrink", settings.get_profile("few"), phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))
