"""What lines of a `contracts` file may not share with each other, nor with what is there: found by PostgreSQL, all at once.

Each statement inserts what is wrong into `problem`, from the temporary tables of importing.py. What a contract that is
there already has itself clashes with nothing; what nobody may get anew is judged of new contracts alone.
"""

from __future__ import annotations

_CUSTOMER_NUMBER_TWICE = """
INSERT INTO problem SELECT line, format('customer_number: stands on line %s already; keep one of the two', first)
FROM (SELECT line, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_contract
    WHERE customer_number IS NOT NULL WINDOW same AS (PARTITION BY customer_number ORDER BY line)) AS numbered
WHERE nth > 1
"""
_LOGIN_TWICE = """
INSERT INTO problem
SELECT line, format('accounts[%s].login: stands on line %s already; give one of the two another', slot - 1, first)
FROM (SELECT line, slot, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_account
    WHERE login IS NOT NULL WINDOW same AS (PARTITION BY login ORDER BY line, slot)) AS numbered
WHERE nth > 1
"""
_LOGIN_OF_ANOTHER = """
INSERT INTO problem
SELECT line, format(
    'accounts[%s].login: belongs to another contract, or did and was deleted there; give another', incoming.slot - 1)
FROM incoming_account incoming JOIN incoming_contract USING (line)
JOIN account ON account.login = incoming.login JOIN contract ON contract.id = account.contract
WHERE contract.customer_number <> incoming_contract.customer_number
"""


def _twice(field: str, column: str) -> str:
    """What names each line but the first that has the same, for the `field` of an account ID kept in incoming_mail."""
    return f"""
INSERT INTO problem
SELECT line, format('accounts[%s].{field}: stands on line %s already; only one can have it', slot - 1, first)
FROM (SELECT line, slot, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_mail
    WHERE {column} IS NOT NULL WINDOW same AS (PARTITION BY {column} ORDER BY line, slot)) AS numbered
WHERE nth > 1
"""  # noqa: S608 - constants


def _of_another(field: str, column: str, table: str, name: str) -> str:
    """What names each line whose `field` is, or was, another contract's in that table."""
    return f"""
INSERT INTO problem
SELECT line, format(
    'accounts[%s].{field}: belongs to another contract, or did; it is never given again', incoming.slot - 1)
FROM incoming_mail incoming JOIN incoming_contract USING (line)
JOIN {table} had ON had.{name} = incoming.{column} JOIN contract ON contract.id = had.contract
WHERE contract.customer_number <> incoming_contract.customer_number
"""  # noqa: S608 - constants


_ADDRESS_TWICE = _twice("ucom_address", "address")
_ADDRESS_OF_ANOTHER = _of_another("ucom_address", "address", "mail_address", "address")
_SPACE_TWICE = _twice("web_space", "web_space")
_SPACE_OF_ANOTHER = _of_another("web_space", "web_space", "web_space", "name")
_NEW = "NOT EXISTS (SELECT FROM contract WHERE contract.customer_number = incoming_contract.customer_number)"
_RESERVED = f"""
INSERT INTO problem
SELECT line, format('accounts[%s]: its ucom_address or web_space is a name that nobody may have (MYPAGE_RESERVED_NAMES, '
    'app/domain/reserved_names.py)', slot - 1)
FROM incoming_mail JOIN incoming_contract USING (line) WHERE reserved AND {_NEW}
"""  # noqa: S608 - constants, as below
_PIN_TWICE = """
INSERT INTO problem SELECT line, format('services[%s].pin: stands on line %s already; only one can have it', index, first)
FROM (SELECT line, index, first_value(line) OVER same AS first, row_number() OVER same AS nth FROM incoming_service
    WHERE fingerprint IS NOT NULL WINDOW same AS (PARTITION BY fingerprint ORDER BY line, index)) AS numbered
WHERE nth > 1
"""
_PIN_OF_ANOTHER = """
INSERT INTO problem
SELECT line, format('services[%s].pin: %s', index, CASE WHEN licence.product <> incoming.product
    THEN format('was loaded before, as one of %s', licence.product) ELSE 'was given to another contract' END)
FROM incoming_service incoming JOIN incoming_contract USING (line)
JOIN licence ON licence.fingerprint = ANY (incoming.older || incoming.fingerprint)
LEFT JOIN contract ON contract.id = licence.contract
WHERE licence.product <> incoming.product OR contract.customer_number <> incoming_contract.customer_number
"""


def _nobodys(field: str, address: str, rows: str, domain: str) -> str:
    """Of an address at our domain that no account ID has, here or in the file: mail to it would come back."""
    box = f"split_part(split_part(lower({address}), '@', 1), '+', 1) || '@{domain}'"
    return f"""
INSERT INTO problem SELECT line, {field} || ': is at our domain, and no account ID has it'
FROM {rows} WHERE split_part(lower({address}), '@', 2) = '{domain}' AND {_NEW}
    AND NOT EXISTS (SELECT FROM mail_address m WHERE m.address = {box} AND m.released_at IS NULL)
    AND NOT EXISTS (SELECT FROM incoming_mail i WHERE i.address = {box})
"""  # noqa: S608 - constants, and the operator's own domain


def among_them(domain: str, *, numbers: bool = True) -> list[str]:
    """The statements; `domain`: of the members' addresses, "" where it was not said. `numbers`: customer numbers, too."""
    found = [_CUSTOMER_NUMBER_TWICE] if numbers else []
    found += [_LOGIN_TWICE, _LOGIN_OF_ANOTHER, _ADDRESS_TWICE, _ADDRESS_OF_ANOTHER]
    found += [_SPACE_TWICE, _SPACE_OF_ANOTHER, _RESERVED, _PIN_TWICE, _PIN_OF_ANOTHER]
    if domain and "'" not in domain:
        forwarded = "incoming_mail JOIN incoming_contract USING (line), unnest(forwarding) AS target"
        field = "format('accounts[%s].forwarding', slot - 1)"
        found += [
            _nobodys("'holder.email'", "email", "incoming_contract", domain),
            _nobodys(field, "target", forwarded, domain),
        ]
    return found
