"""The one error of the embedded stack."""

import errno


class StackError(Exception):
    """A part cannot start or go on; the text names the part, what is wrong and the next step."""


_NO_FOLDER = {errno.EEXIST, errno.ENOTDIR}
_FULL = {errno.ENOSPC, errno.EDQUOT}


def explain(error: OSError) -> str:
    """Name the file, what is wrong with it and what to do."""
    step = "free some space there" if error.errno in _FULL else "choose a folder that you may write to"
    wrong = "not a folder" if error.errno in _NO_FOLDER else error.strerror or error
    return f"{wrong}: {error.filename or 'the data folder'}\n{step}, or name another one with --var"
