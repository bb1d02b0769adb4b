"""The payment gateway: the port, behind which card numbers stay. It has two adapters.

`Vault` takes the number from our own form: for the demo and the tests only. `StripeCheckout` sends the member to
Stripe's own page, so that no number ever reaches this server. Of both comes a `KeptCard`, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.gateway.stripe_checkout import StripeCheckout
from app.gateway.vault import Vault

if TYPE_CHECKING:
    from app.settings import Settings

Gateway = Vault | StripeCheckout


def of(settings: Settings) -> Gateway:
    """The gateway that the settings name; the vault only where they are the demo's or a test's."""
    if settings.stripe:
        return StripeCheckout(settings.stripe)
    return Vault(settings.secret_keys[-1])
