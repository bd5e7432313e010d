"""Activities looked at one by one."""
