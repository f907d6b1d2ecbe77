"""Finds proxies that are not trusted yet: addresses from which visitors of several accounts seem to come."""

from collections.abc import Mapping

from common.periodic_writer import BoundStatement

LEAST_ACCOUNTS = 3  # two may be an agency that sends for both
MANY_ACCOUNTS = 5  # the staff's page warns from this number on
MOST_ADDRESSES = 10_000  # noted in one period; a proxy sends so much that it is among the first
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
    """The accounts that each address sent to within a minute. Every process has one."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}  # address: the first account that it sent to
        self._several: dict[str, set[int]] = {}  # only addresses that sent to more than one

    def __bool__(self) -> bool:
        return bool(self._first)

    def note(self, address: str, account_id: int) -> None:
        """Note a request. Called for every request, so nearly all cost one look-up in a dict."""
        first = self._first.get(address)
        if first == account_id:
            return
        if first is None:
            if len(self._first) < MOST_ADDRESSES:
                self._first[address] = account_id
            return
        accounts = self._several.setdefault(address, {first})
        if len(accounts) < MOST_ACCOUNTS:
            accounts.add(account_id)

    def take(self) -> Mapping[str, int]:
        """Return {address: number of accounts} for addresses that several accounts share, and start over."""
        several, self._first, self._several = self._several, {}, {}
        return {address: len(accounts) for address, accounts in several.items() if len(accounts) >= LEAST_ACCOUNTS}

    def give_back(self, taken: Mapping[str, int]) -> None:
        """Drop them, because a proxy shows again in the next minute."""

    def statement(self, taken: Mapping[str, int]) -> BoundStatement:
        addresses = sorted(taken)
        accounts = [taken[address] for address in addresses]
        return BoundStatement(WRITE_SQL, {"addresses": addresses, "accounts": accounts, "days": KEPT_DAYS})
