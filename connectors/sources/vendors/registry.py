"""All vendors, a line each; a vendor's libraries are imported when it is asked for."""

from importlib import import_module

from connectors.sources.vendors.contract import Vendor

VENDORS: dict[str, str] = {  # name -> module:attribute
    "aircall": "connectors.sources.vendors.aircall:VENDOR",
    "cloudevents": "connectors.sources.vendors.signed_json:CLOUDEVENTS",
    "dynamics": "connectors.sources.vendors.dynamics:VENDOR",
    "google-calendar": "connectors.sources.vendors.google_calendar:VENDOR",
    "hubspot": "connectors.sources.vendors.hubspot.vendor:VENDOR",
    "ics": "connectors.sources.vendors.ics:VENDOR",
    "microsoft-calendar": "connectors.sources.vendors.microsoft_calendar:VENDOR",
    "pipedrive": "connectors.sources.vendors.pipedrive.vendor:VENDOR",
    "ringcentral": "connectors.sources.vendors.ringcentral:VENDOR",
    "salesforce": "connectors.sources.vendors.salesforce.vendor:VENDOR",
    "signed-json": "connectors.sources.vendors.signed_json:SIGNED",
    "singer": "connectors.sources.vendors.singer:VENDOR",
    "twilio": "connectors.sources.vendors.twilio:VENDOR",
    "webhook": "connectors.sources.vendors.webhook:VENDOR",
    "zoho": "connectors.sources.vendors.zoho.vendor:VENDOR",
}
EXTRAS = frozenset({"salesforce"})  # vendors with libraries of their own, an extra of their name


def vendor(name: str) -> Vendor:
    """Return a vendor.

    Raises:
        KeyError: there is none of this name, or its libraries are not installed; says what to do.
    """
    if name not in VENDORS:
        raise KeyError(f"no source {name}; there are {', '.join(sorted(VENDORS))}")
    module, _, attribute = VENDORS[name].partition(":")
    try:
        made: Vendor = getattr(import_module(module), attribute)
    except ModuleNotFoundError as lacking:
        if name not in EXTRAS:
            raise
        raise KeyError(
            f"source {name} needs {lacking.name}: pip install 'pacesetter[{name}]'"
        ) from None
    return made
