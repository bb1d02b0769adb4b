"""お支払い方法 (manual 19): cards, the name check, visits to the payment gateway."""
