"""Language tags (RFC 5646), narrowed to the languages that the assistant speaks."""

import re
from functools import lru_cache
from typing import Final

from escalation_client.events.errors import Unfit

SPOKEN: Final = frozenset({"en", "el", "ar", "es", "tr", "no"})
NORWEGIAN: Final = frozenset({"nb", "nn"})
WELL_FORMED: Final = re.compile(
    r"""(?: [a-z]{2,3}(?:-[a-z]{3}){0,3} | [a-z]{4,8} )  # language
        (?: -[a-z]{4} )?                                 # script
        (?: -(?:[a-z]{2}|[0-9]{3}) )?                    # region
        (?: -(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}) )*       # variants
        (?: -[a-wy-z0-9](?:-[a-z0-9]{2,8})+ )*           # extensions
        (?: -x(?:-[a-z0-9]{1,8})+ )?                     # private use
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
LONGEST: Final = 64


@lru_cache(maxsize=256)
def language_of(tag: str) -> str:
    """The spoken language of a tag ("nn-NO" is "no", "en_US" is "en"); any other well-formed tag stays as it is."""
    hyphenated = tag.replace("_", "-")
    if len(tag) > LONGEST or not WELL_FORMED.fullmatch(hyphenated):
        raise Unfit('a language tag such as "el" or "en-GB"')
    primary = hyphenated.partition("-")[0].lower()
    if primary in NORWEGIAN:
        return "no"
    return primary if primary in SPOKEN else hyphenated
