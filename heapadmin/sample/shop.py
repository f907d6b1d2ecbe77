"""Simulates the made-up shop: visitors look, sign up, buy and come back; more each week, fewer on Sundays."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from events.identity import MAX_VISITOR, actor_of
from events.records import EventRecord, Identified, PersonChange, Properties, Record
from heapadmin.sample import goods
from heapadmin.sample.goods import Device, Product, TrafficSource

Choice = TypeVar("Choice")

DOMAIN = "shop.example.com"
WEEKDAYS = [1.1, 1.15, 1.1, 1.0, 0.95, 0.7, 0.6]  # Monday first
NEW_VISITORS_AT_FIRST, NEW_VISITORS_AT_LAST = 14, 30  # a day
BUTTON = "@div;.product;|@form;.buy-form;|@button;.btn;.btn-primary;|"


class Shopper:
    """A visitor with one browser. `identity` is set once they have signed up."""

    def __init__(self, number: int, name: str, device: Device, source: TrafficSource, country: str) -> None:
        self.number = number
        self.name = name
        self.device = device
        self.source = source
        self.country = country
        self.identity: str | None = None
        self.orders = 0


class Shop:
    """Makes records for one environment. `seed` decides every random choice."""

    def __init__(self, environment_id: int, seed: int) -> None:
        self.environment_id = environment_id
        self.random = random.Random(seed)  # noqa: S311 - nothing here is secret
        self.records: list[tuple[float, Record]] = []
        self.events_made = 0
        self.people_made = 0

    def days(self, end: datetime, days: int) -> list[Record]:
        """Everything that happened in the `days` days up to `end`, oldest first."""
        first = end - timedelta(days=days)
        for day in range(days + 1):
            share = day / days
            morning = (first + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
            usual = NEW_VISITORS_AT_FIRST + share * (NEW_VISITORS_AT_LAST - NEW_VISITORS_AT_FIRST)
            for _ in range(round(usual * WEEKDAYS[morning.weekday()] * self.random.uniform(0.8, 1.2))):
                self._life(self._newcomer(), morning, end)
        begin, stop = first.timestamp(), end.timestamp()
        kept = [timed for timed in self.records if begin <= timed[0] < stop]
        self.events_made = sum(isinstance(record, EventRecord) for _, record in kept)
        return [record for _, record in sorted(kept, key=lambda timed: timed[0])]

    # --- Shoppers --------------------------------------------------------------------------------------------------
    def _newcomer(self) -> Shopper:
        self.people_made += 1
        return Shopper(
            number=self.random.randint(0, MAX_VISITOR),
            name=self.random.choice(goods.FIRST_NAMES),
            device=self._pick(goods.DEVICES),
            source=self._pick(goods.SOURCES),
            country=self._pick(goods.COUNTRIES),
        )

    def _life(self, shopper: Shopper, morning: datetime, end: datetime) -> None:
        """All visits of one shopper, from their first day on. Shoppers with an identity come back more often."""
        day = morning
        while day < end:
            self._visit(shopper, day + timedelta(hours=self._hour()))
            comes_back = 0.75 if shopper.orders else 0.6 if shopper.identity else 0.3
            if self.random.random() > comes_back:
                return
            day += timedelta(days=self.random.choice([1, 1, 2, 3, 5, 7, 7, 9, 14, 21]))

    def _hour(self) -> float:
        return min(23.9, max(0.1, self.random.gauss(15, 4.5)))

    # --- Visits ----------------------------------------------------------------------------------------------------
    def _visit(self, shopper: Shopper, start: datetime) -> None:
        """One session: a funnel from the home page on, which most shoppers leave on the way."""
        visit = ShopVisit(self, shopper, start.timestamp())
        visit.page("/", "Paper & Pens")
        if not visit.goes_on(0.8):
            return
        product = self.random.choice(goods.PRODUCTS)
        visit.page(f"/shop/{product.category}", product.category.title())
        if self.random.random() < 0.2:
            visit.custom("Search", {"query": product.name.split()[-1].lower(), "results": self.random.randint(0, 12)})
        basket: list[Product] = []
        while visit.goes_on(0.6) and len(basket) < 4:
            product = self.random.choice(goods.PRODUCTS)
            visit.page(product.path, product.name)
            if visit.goes_on(0.45):
                visit.click("Add to cart", BUTTON)
                visit.custom("Product added", {"product": product.name, "price": product.price})
                basket.append(product)
        if basket and visit.goes_on(0.7):
            self._check_out(visit, basket)

    def _check_out(self, visit: "ShopVisit", basket: list[Product]) -> None:
        shopper = visit.shopper
        visit.page("/cart", "Your cart")
        if not visit.goes_on(0.65):
            return
        visit.page("/checkout", "Checkout")
        if shopper.identity is None:
            if not visit.goes_on(0.7):
                return
            visit.sign_up(f"{shopper.name.lower()}{self.people_made}@example.com", self._pick(goods.PLANS))
        visit.form("checkout-form")
        if visit.goes_on(0.85):
            shopper.orders += 1
            total = sum(product.price for product in basket)
            payment = self._pick(goods.PAYMENTS)
            visit.custom("Order placed", {"total": total, "items": len(basket), "payment": payment})
            visit.page("/thanks", "Thank you")

    def _pick(self, weights: Mapping[Choice, int]) -> Choice:
        return self.random.choices(list(weights), list(weights.values()))[0]


class ShopVisit:
    """One session of a shopper; its clock advances with every step."""

    def __init__(self, shop: Shop, shopper: Shopper, start: float) -> None:
        self.shop = shop
        self.shopper = shopper
        self.clock = start
        self.session = shop.random.randint(0, MAX_VISITOR)
        self.pageview = 0
        self.here: dict[str, Any] = {}

    def goes_on(self, chance: float) -> bool:
        return self.shop.random.random() < chance * (0.75 + 0.25 * self.shopper.source.keenness)

    def page(self, path: str, title: str) -> None:
        came_from = self.here.get("path")
        referrer = f"https://{DOMAIN}{came_from}" if came_from else self.shopper.source.referrer
        self.pageview = self.shop.random.randint(0, MAX_VISITOR)
        self.here = {"domain": DOMAIN, "path": path, "title": f"{title} · Sample shop", "referrer": referrer}
        self._event("pageview")

    def click(self, text: str, hierarchy: str) -> None:
        self._event(
            "click", target_tag="button", target_class="btn btn-primary", target_text=text, target_hierarchy=hierarchy
        )

    def form(self, form_id: str) -> None:
        self._event("change", target_tag="input", target_id="address")
        self._event("submit", target_tag="form", target_id=form_id)

    def custom(self, name: str, properties: dict[str, Any]) -> None:
        self._event("custom", name=name, properties=properties)

    def sign_up(self, identity: str, plan: str) -> None:
        """The shopper gets an identity, to which everything they did before now belongs."""
        environment_id, shopper = self.shop.environment_id, self.shopper
        self.custom("Signed up", {"plan": plan})
        shopper.identity = identity
        actor = actor_of(environment_id, identity)
        properties: Properties = {"name": shopper.name, "plan": plan, "country": shopper.country}
        self._record(
            Identified(
                environment_id=environment_id, visitor=shopper.number, actor_id=actor, identity=identity, at=self.clock
            )
        )
        self._record(
            PersonChange(
                environment_id=environment_id, actor_id=actor, identity=identity, at=self.clock, properties=properties
            )
        )

    def _event(self, kind: str, **more: Any) -> None:
        environment_id, shopper, source = self.shop.environment_id, self.shopper, self.shopper.source
        identity = shopper.identity
        self._record(
            EventRecord(
                environment_id=environment_id,
                time=self.clock,
                actor_id=actor_of(environment_id, identity) if identity else shopper.number,
                identity=identity,
                session_id=self.session,
                pageview_id=self.pageview,
                kind=kind,
                platform="web",
                browser=shopper.device.browser,
                os=shopper.device.os,
                device=shopper.device.device,
                utm_source=source.utm_source,
                utm_medium=source.utm_medium,
                utm_campaign=source.utm_campaign,
                **self.here,
                **more,
            )
        )

    def _record(self, record: Record) -> None:
        self.shop.records.append((self.clock, record))
        self.clock += self.shop.random.uniform(2, 45)
