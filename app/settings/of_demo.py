"""The demo's settings: plain http on the loopback interface, and keys that stay with its data."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from app.branding import BRAND
from app.domain.installation import MailServer, MailSystem, SecondFactor, Upload
from app.settings.shape import Billing, Contact, Elsewhere, Mail, Settings, SupportWindow

DEMO_INVOICE_NUMBER = "T9000000000000"
_BRAND = BRAND.names
DEMO_CONTACT = Contact(
    _BRAND.operator.name or "デモ通信株式会社",
    _BRAND.contact.phone or "0120-000-0000",
    _BRAND.contact.hours or "9時～17時（年中無休）",
    _BRAND.contact.ways,
)
DEMO_BILLING = Billing(
    _BRAND.operator.address or "〒100-0000 東京都千代田区例示1-2-3",
    "回線と通話の料金は、この金額に含まれません。別にお送りする請求書でご請求します。",
)
DEMO_REMOTE_SUPPORT = SupportWindow(
    _BRAND.remote_support.phone or "0120-000-0000",
    _BRAND.remote_support.hours or "9時～17時（年中無休）",
    _BRAND.remote_support.ways,
)
DEMO_INSTALLERS = {
    product: f"https://download.example.jp/{product}/setup"
    for product in ("security-360", "security-online", "kids-filter")
}
DEMO_ELSEWHERE = Elsewhere(
    _BRAND.fault.phone or "0120-000-0001",
    _BRAND.fault.hours or "24時間（年中無休）",
    {
        partner.key: f"https://{partner.key}.example.jp/"
        if partner.address.startswith("$")
        else partner.address
        for partner in BRAND.partners
        if partner.address
    },
    _BRAND.fault.ways,
)
DEMO_MAIL_SYSTEM = MailSystem(
    "s2.spaaqs.ne.jp",
    MailServer("imap.s2.spaaqs.ne.jp", 993, "tls"),
    MailServer("smtp.s2.spaaqs.ne.jp", 587, "starttls"),
    "home.s2.spaaqs.ne.jp",
    Upload("sftp", "upload.s2.spaaqs.ne.jp", 22),
    web_megabytes=100,
)
DEMO_PAYMENT_DAY = "毎月27日（金融機関の休業日は翌営業日）"
DEMO_MAIL = Mail("mypage@demo.example.jp")


def demo(folder: Path, port: int = 8000, second_factor: SecondFactor = "offered") -> Settings:
    """Settings of the demo: plain http on the loopback interface, keys kept in its data folder."""
    return Settings(
        secret_keys=(kept_key(folder / "secret-key"),),
        peppers={1: kept_key(folder / "pepper")},
        data_keys=(kept_key(folder / "data-key"),),
        hosts=frozenset({"127.0.0.1", "localhost", "[::1]"}),
        base_url=f"http://localhost:{port}",
        contact=DEMO_CONTACT,
        invoice_number=DEMO_INVOICE_NUMBER,
        billing=DEMO_BILLING,
        remote_support=DEMO_REMOTE_SUPPORT,
        installers=DEMO_INSTALLERS,
        elsewhere=DEMO_ELSEWHERE,
        mail=DEMO_MAIL,
        mail_system=DEMO_MAIL_SYSTEM,
        https=False,
        demo=True,
        second_factor=second_factor,
        payment_day=DEMO_PAYMENT_DAY,
    )


def kept_key(path: Path) -> bytes:
    """A random key that stays with the demo's data; whole before it has its name, and the first one made stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
        new.unlink()
    return path.read_bytes()
