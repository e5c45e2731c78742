"""Settings of mail that cannot even be tried: an alert, since no mail can say so."""

from collections.abc import Callable

from sqlalchemy import Connection

from config.errors import ConfigurationError
from services.alerts import clear_alerts, raise_alert
from services.transports.base import Transport

ALERT = "mail_settings"
HINT = "mend the setting and start the worker again; nothing is lost meanwhile"


def check_mail_settings(connection: Connection, make: Callable[[], Transport]) -> bool:
    """Whether a transport can be made of the settings; raises or clears the alert."""
    try:
        make()
    except ConfigurationError as error:
        raise_alert(connection, ALERT, f"mail cannot be sent: {error}", HINT)
        return False
    clear_alerts(connection, ALERT)
    return True
