"""お知らせ, documents, and pages that hand over (spec 15)."""
