"""Other software that does the same, in an environment of its own, so that none of it is ever a dependency of ours."""
