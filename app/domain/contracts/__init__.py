"""ご契約 as the operator loads them (spec 17)."""
