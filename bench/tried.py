"""What was tried for a goal, by the goal's key; shown on the page as long as the goal is missed."""

TRIED: dict[str, str] = {}
