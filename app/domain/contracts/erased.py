"""Lines of erased contracts in a file of contracts: left out and named, so that the rest of a nightly feed goes on.

A line whose number was erased brings nobody back. A new contract that brings another one's erased name (account ID,
address, web space) is a bad line like any that asks for somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.contracts.file import ACCOUNT_COLUMNS, ContractLine
from app.domain.erased_names import ErasedNames

_LOGIN = ACCOUNT_COLUMNS.index("login")


class LeftOut:
    """Sorts out the lines of erased contracts, and remembers which they were."""

    def __init__(self, names: ErasedNames) -> None:
        self._names = names
        self.lines: list[int] = []

    @classmethod
    async def begin(cls) -> LeftOut:
        return cls(await ErasedNames.load())

    def takes(self, number: int, customer_number: str) -> bool:
        """Whether the line is left out, which is noted."""
        if not self._names.holds("number", customer_number):
            return False
        self.lines.append(number)
        return True

    def others(self, lines: Iterator[ContractLine]) -> Iterator[ContractLine]:
        """The lines that are not left out, with what is wrong with their names."""
        for line in lines:
            if line.contract and line.contract[0] and self.takes(line.number, str(line.contract[0])):
                continue
            line.problems.extend(self._problems(line))
            yield line

    def _problems(self, line: ContractLine) -> Iterator[str]:
        for account in line.accounts:
            if account[_LOGIN] and self._names.holds("login", str(account[_LOGIN])):
                yield _never_again(int(str(account[0])), "login")
        for one in line.mail:
            if one.address and self._names.holds("address", one.address):
                yield _never_again(one.slot, "ucom_address")
            if one.web_space and self._names.holds("web_space", one.web_space):
                yield _never_again(one.slot, "web_space")


def _never_again(slot: int, field: str) -> str:
    return f"accounts[{slot - 1}].{field}: was an erased contract's; it is never given again"
