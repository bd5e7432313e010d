"""All HR systems, a line each."""

from importlib import import_module

from connectors.sources.hr.contract import System

SYSTEMS: dict[str, str] = {  # name -> module:attribute
    "bamboohr": "connectors.sources.hr.bamboohr:SYSTEM",
    "personio": "connectors.sources.hr.personio:SYSTEM",
    "workday": "connectors.sources.hr.workday:SYSTEM",
}


def system(name: str) -> System:
    """Return an HR system.

    Raises:
        KeyError: there is none of this name; says which there are.
    """
    if name not in SYSTEMS:
        raise KeyError(f"no HR system {name}; there are {', '.join(SYSTEMS)}")
    module, _, attribute = SYSTEMS[name].partition(":")
    made: System = getattr(import_module(module), attribute)
    return made
