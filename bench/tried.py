"""What was tried for a goal, by the goal's key; shown on the page as long as the goal is missed."""

MAILS = (
    "composing was made a fifth faster (Jinja's globals without a ChainMap, each address checked once). What remains "
    "is composing in Python and two commits for each mail, one before its body and one after the answer, so that a "
    "killed process never sends a mail twice without a record; django-post_office commits once for a whole batch."
)
TRIED = {"mails_1": MAILS, "mails_2": MAILS}
