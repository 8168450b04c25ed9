"""Who may do what: users, signing in, sessions, tickets, and the audit log."""
