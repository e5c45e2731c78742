"""Templates made flat when they are loaded, so that a mail is rendered by one function and not by eighty."""

from services.mail.flat.flatten import Flattener
from services.mail.flat.translate import fill, fill_html, translate

__all__ = ["Flattener", "fill", "fill_html", "translate"]
