"""Stand-ins by the name of their vendor, a line each."""

from tests.connectors.vendors.webhook_standin import Sender

STANDINS = {
    "webhook": Sender,
}
