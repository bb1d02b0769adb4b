"""お知らせ: outages and maintenance (spec 15)."""
