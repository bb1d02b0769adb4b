"""How everything is changed: input, confirm, complete, once for all (spec 2)."""
