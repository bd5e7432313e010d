"""The door for vendors' webhooks: verify, keep, answer."""
