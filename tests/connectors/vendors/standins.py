"""The stand-ins of vendors, a line each; made when asked for."""

from importlib import import_module

from tests.connectors.vendors.standin import Standin

STANDINS = {  # vendor -> module:class
    "salesforce": "tests.connectors.vendors.salesforce_standin:SalesforceStandin",
}


def standin(name: str) -> Standin:
    """Return a new stand-in."""
    module, _, made = STANDINS[name].partition(":")
    return getattr(import_module(module), made)()
