"""The feed of people: a snapshot of the HR system becomes dated changes of the roster."""
