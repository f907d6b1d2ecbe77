"""Notices a proxy that is not trusted yet: one address from which visitors of many accounts seem to come."""

from collections.abc import Mapping

from common.periodic_writer import BoundStatement

LEAST_ACCOUNTS = 3  # an agency may well send for two
MANY_ACCOUNTS = 5  # from which on the staff's page warns
MOST_ADDRESSES = 10_000  # looked at in one period; a proxy is among the first of them
MOST_ACCOUNTS = 100  # counted per address
WRITE_SECONDS = 60.0
KEPT_DAYS = 30

WRITE_SQL = """
with came as (
    select address, accounts from unnest(%(addresses)s::inet[], %(accounts)s::int[]) as row (address, accounts)
), forgotten as (
    delete from collector_sharedaddress
     where seen_at < now() - make_interval(days => %(days)s) and address not in (select address from came)
)
insert into collector_sharedaddress as kept (address, accounts, seen_at)
select address, accounts, now() from came order by address
    on conflict (address) do update
       set seen_at = now(),
           accounts = case when kept.seen_at < now() - interval '1 day' then excluded.accounts
                           else greatest(kept.accounts, excluded.accounts) end
"""


class AccountsByAddress:
    """The accounts that each address sent to, for one process and a minute."""

    def __init__(self) -> None:
        self._alone: dict[str, int] = {}  # address: the one account it sent to; nearly all of them
        self._several: dict[str, set[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._alone)

    def note(self, address: str, account_id: int) -> None:
        """Note a request. Every request does, so it is one look into a dict for nearly all."""
        first = self._alone.get(address)
        if first == account_id:
            return
        if first is None:
            if len(self._alone) < MOST_ADDRESSES:
                self._alone[address] = account_id
            return
        accounts = self._several.setdefault(address, {first})
        if len(accounts) < MOST_ACCOUNTS:
            accounts.add(account_id)

    def take(self) -> Mapping[str, int]:
        """{address: how many accounts} of those that several accounts share; it begins again with nothing."""
        several, self._alone, self._several = self._several, {}, {}
        return {address: len(accounts) for address, accounts in several.items() if len(accounts) >= LEAST_ACCOUNTS}

    def give_back(self, taken: Mapping[str, int]) -> None:
        """Nothing is lost that the next minute will not show again."""

    def statement(self, taken: Mapping[str, int]) -> BoundStatement:
        addresses = sorted(taken)
        accounts = [taken[address] for address in addresses]
        return BoundStatement(WRITE_SQL, {"addresses": addresses, "accounts": accounts, "days": KEPT_DAYS})
