"""The rules of single fields: text in, value out, or `Wrong` with the reason in plain Japanese.

Text is read by `reading` before it is judged (spec 2), so that what a member sees on the confirm page is what is kept.
The same rules judge a form and a line of an import file.
"""

from __future__ import annotations

from app.domain.fields.choices import (
    EARLIEST,
    HOUSEHOLD,
    OCCUPATIONS,
    SEXES,
    agreement,
    day,
    household,
    occupation,
    on_or_off,
    optional_day,
    optional_household,
    past_date,
    role,
    sex,
    shown_occupation,
)
from app.domain.fields.credentials import (
    RESERVED,
    account_id,
    account_password,
    customer_number,
    customer_password,
    is_account_id,
)
from app.domain.fields.mail import (
    ADDRESS_LENGTH,
    LOCAL_PART_LENGTH,
    ONE_ADDRESS,
    PERIOD,
    as_sent,
    local_part,
    local_part_at,
    mail_address,
    optional_mail_address,
    reply_body,
    reply_subject,
)
from app.domain.fields.names import (
    LINE_LENGTH,
    NAME_LENGTH,
    REASON_LENGTH,
    kana,
    name,
    one_line,
    reason,
    text_of_lines,
    user_name,
)
from app.domain.fields.phones import optional_phone, phone, to_dial
from app.domain.fields.reading import Wrong, half_width
from app.domain.fields.told import must_hold_no_link, to_others

__all__ = [
    "ADDRESS_LENGTH",
    "EARLIEST",
    "HOUSEHOLD",
    "LINE_LENGTH",
    "LOCAL_PART_LENGTH",
    "NAME_LENGTH",
    "OCCUPATIONS",
    "ONE_ADDRESS",
    "PERIOD",
    "REASON_LENGTH",
    "RESERVED",
    "SEXES",
    "Wrong",
    "account_id",
    "account_password",
    "agreement",
    "as_sent",
    "customer_number",
    "customer_password",
    "day",
    "half_width",
    "household",
    "is_account_id",
    "kana",
    "local_part",
    "local_part_at",
    "mail_address",
    "must_hold_no_link",
    "name",
    "occupation",
    "on_or_off",
    "one_line",
    "optional_day",
    "optional_household",
    "optional_mail_address",
    "optional_phone",
    "past_date",
    "phone",
    "reason",
    "reply_body",
    "reply_subject",
    "role",
    "sex",
    "shown_occupation",
    "text_of_lines",
    "to_dial",
    "to_others",
    "user_name",
]
