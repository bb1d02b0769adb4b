"""From purchases to bills: service periods, charges, the ledger, statements, calls (spec 14)."""
