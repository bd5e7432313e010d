"""The registry's line of Salesforce."""

from connectors.sources.vendors.contract import Vendor
from connectors.sources.vendors.salesforce import soql
from connectors.sources.vendors.salesforce.client import SalesforceClient
from connectors.sources.vendors.salesforce.settings import SalesforceSettings

_SETUP = (
    "Setup, Users: make a user for Pacesetter with a permission set that reads Opportunity, "
    "Opportunity Split, Task, Event, Email Message and User, with View All on each (View All Data "
    "covers them), and with API Enabled.",
    "Setup, External Client App Manager, New: enable OAuth with the scope api; enable the Client "
    "Credentials Flow and let it run as that user. Its consumer key and secret are client_id and "
    "client_secret. Or upload a certificate, pre-authorise the user for the JWT bearer flow, and "
    "give its key as private_key.",
    "Setup, Change Data Capture: select Opportunity, Opportunity Split, Task, Event and Email "
    "Message. Without the add-on an organisation may select five.",
    "Where other systems use change events as well, make a channel of your own for these five "
    "(Metadata API, PlatformEventChannel): what comes through the common one counts against the "
    "same daily limit. Give it as channel.",
)
_NOTES = {
    "delay": "A record that changed is read when its second is over: Salesforce stamps by the "
    "second. So it is here two seconds after its change at the earliest.",
    "deletions": "Deleted records come with IsDeleted for the fifteen days that the recycle bin "
    "holds them. What was deleted and emptied from it unseen leaves no trace in Salesforce.",
    "splits": "A change of a split is a change of its opportunity. That queryAll lists deleted "
    "splits within their opportunity is not confirmed by the vendor's documents; where it does "
    "not, a split that alone was deleted shows with the opportunity's next change.",
    "merging": "Salesforce merges accounts, contacts, leads and cases, never opportunities.",
    "limits": "Delivered change events of 24 hours (50,000 Unlimited, 25,000 Enterprise, 10,000 "
    "Developer) are shared by all subscribers of the organisation.",
    "e-mails": "No text and no address of an e-mail gets into the log: only how many it went to.",
}

VENDOR = Vendor(
    name="salesforce",
    title="Salesforce",
    settings=SalesforceSettings,
    objects=tuple(soql.BY_NAME),
    mapping="salesforce.yaml",
    client=SalesforceClient,
    setup=_SETUP,
    notes=_NOTES,
)
