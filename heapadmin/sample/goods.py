"""The data of the made-up shop: products, devices, traffic sources, countries, plans, payments, names."""

from typing import NamedTuple


class Product(NamedTuple):
    name: str
    category: str
    price: float

    @property
    def path(self) -> str:
        return f"/shop/{self.category}/{self.name.lower().replace(' ', '-')}"


class Device(NamedTuple):
    device: str
    os: str
    browser: str


class TrafficSource(NamedTuple):
    """How a visitor finds the shop. `keenness` raises or lowers the chance of every further step."""

    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    keenness: float


PRODUCTS = [
    Product("Field Notebook", "paper", 9.0),
    Product("Dotted Notebook", "paper", 12.5),
    Product("Letter Set", "paper", 18.0),
    Product("Wall Calendar", "paper", 24.0),
    Product("Fountain Pen", "pens", 49.0),
    Product("Gel Pen Trio", "pens", 11.0),
    Product("Brush Pen", "pens", 7.5),
    Product("Ink Bottle", "pens", 15.0),
    Product("Desk Lamp", "desk", 89.0),
    Product("Cork Board", "desk", 32.0),
    Product("Pencil Tray", "desk", 21.0),
    Product("Canvas Pouch", "bags", 27.0),
    Product("Tote Bag", "bags", 19.0),
]
DEVICES = {
    Device("desktop", "Windows", "Chrome"): 30,
    Device("desktop", "macOS", "Safari"): 14,
    Device("desktop", "Linux", "Firefox"): 6,
    Device("desktop", "Windows", "Edge"): 8,
    Device("mobile", "iOS", "Safari"): 24,
    Device("mobile", "Android", "Chrome"): 26,
    Device("tablet", "iOS", "Safari"): 5,
}
SOURCES = {
    TrafficSource(None, None, None, None, 1.1): 30,
    TrafficSource("https://search.example/", None, None, None, 1.0): 32,
    TrafficSource("https://news.example/gifts", None, None, None, 0.8): 8,
    TrafficSource("https://mail.example/", "newsletter", "email", "autumn-paper", 1.5): 12,
    TrafficSource("https://social.example/", "social", "cpc", "pens-for-all", 0.5): 18,
}
COUNTRIES = {"DE": 30, "US": 24, "FR": 14, "GB": 12, "NL": 8, "JP": 5, "BR": 4}
PLANS = {"basic": 70, "club": 30}
PAYMENTS = {"card": 55, "invoice": 15, "wallet": 30}
FIRST_NAMES = ["Ada", "Ben", "Carla", "Dov", "Emma", "Finn", "Grace", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Milo"]
