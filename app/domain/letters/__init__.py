"""The portal's own mail: to whom it writes, and the outbox (spec 16)."""
