"""HR systems asked over the network: everybody they know, as a snapshot to sync people from."""
