"""What only the demo has: calls, notices, mails to look at, a page instead of outside addresses."""
