"""Stand-ins by the name of their vendor, a line each."""

from tests.connectors.vendors.salesforce_standin import SalesforceStandin

STANDINS = {
    "salesforce": SalesforceStandin,
}
