"""The one error of the embedded stack."""


class StackError(Exception):
    """A part cannot start or go on; the text names the part, what is wrong and the next step."""
