"""Mail delivery: the server's task that empties the outbox, and how a mail leaves."""
