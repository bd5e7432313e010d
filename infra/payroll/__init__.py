"""Pay: running what people decided, exports for payroll, what another system left."""
