"""Stand-ins by the name of their vendor, a line each."""

from tests.connectors.vendors.hubspot_standin import HubSpotStandin
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin

STANDINS = {
    "hubspot": HubSpotStandin,
    "pipedrive": PipedriveStandin,
}
