"""How much Hypothesis tries: the same inputs in every run of `make test`, and as many new ones as one asks for.

`HYPOTHESIS_TIMES=50 pytest tests/fuzz` tries fifty times as many, other ones each time.
"""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("HYPOTHESIS_TIMES", "1"))
USUAL = 100

settings.register_profile(
    "ours",
    max_examples=USUAL * TIMES,
    derandomize=TIMES == 1,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
)
settings.load_profile("ours")


def few(share: float) -> settings:
    """For what takes long: only a share of the usual number."""
    return settings(max_examples=max(1, round(USUAL * TIMES * share)))
