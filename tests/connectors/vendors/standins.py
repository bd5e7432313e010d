"""Stand-ins by the name of their vendor, a line each."""

from tests.connectors.vendors.aircall_standin import Aircall
from tests.connectors.vendors.dynamics_standin import Dynamics
from tests.connectors.vendors.google_calendar_standin import GoogleCalendar
from tests.connectors.vendors.hubspot_standin import HubSpotStandin
from tests.connectors.vendors.ics_standin import Feeds
from tests.connectors.vendors.microsoft_calendar_standin import MicrosoftCalendar
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin
from tests.connectors.vendors.ringcentral_standin import RingCentral
from tests.connectors.vendors.salesforce_standin import SalesforceStandin
from tests.connectors.vendors.signed_json_standin import CloudSender
from tests.connectors.vendors.signed_json_standin import Sender as SignedSender
from tests.connectors.vendors.twilio_standin import Twilio
from tests.connectors.vendors.webhook_standin import Sender
from tests.connectors.vendors.zoho_standin import ZohoStandin

STANDINS = {
    "aircall": Aircall,
    "cloudevents": CloudSender,
    "dynamics": Dynamics,
    "google-calendar": GoogleCalendar,
    "hubspot": HubSpotStandin,
    "ics": Feeds,
    "microsoft-calendar": MicrosoftCalendar,
    "pipedrive": PipedriveStandin,
    "ringcentral": RingCentral,
    "salesforce": SalesforceStandin,
    "signed-json": SignedSender,
    "twilio": Twilio,
    "webhook": Sender,
    "zoho": ZohoStandin,
}
