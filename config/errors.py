"""The one error of everything that is configured."""


class ConfigurationError(Exception):
    """A setting or a file is missing or wrong; the text says which and what would be right."""
