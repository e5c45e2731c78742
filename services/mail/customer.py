"""What a mail to the user says; it claims nothing that has not happened."""

from typing import Any

from services.mail.reach import call
from services.mail.sanitize import one_line
from services.mail.teller import Teller
from services.story import ContactCard, Story


def customer_page(story: Story, teller: Teller) -> dict[str, Any]:
    """Variables beside those of every ticket; `informed` only when a server accepted a support mail."""
    helper = story.advice.primary if story.advice else ContactCard()
    return {
        "called": teller.name(story.user.called) if story.user else "",
        "informed": any(one.template == "ticket_opened" and one.state == "accepted" for one in story.recipients),
        "helper": teller.name(helper.name),
        "helper_phone": teller.name(helper.phone),
        "helper_call": next((button.href for button in call("", helper.phone or "")), ""),
        "helper_hours": teller.name(helper.hours),
        "callback_phone": one_line(story.callback_phone),
    }
