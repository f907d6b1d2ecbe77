"""Made-up events for measuring queries, generated in SQL and ordered by time, as live collection writes them.

A site has visitors (few come often, many once), sessions of one to seven events, and paths of which few are visited
often. One visitor in ten is merged into an identity.
"""

from dataclasses import dataclass

from psycopg import Connection

DAYS = 90
VISITORS_PER_EVENT = 0.1
NAMED = ("Signed up", "Added to cart", "Paid", "Invited", "Searched")

SESSIONS = """
create temporary table made_sessions as
select
    n as session,
    floor(power(random(), 2.2) * %(visitors)s)::bigint + %(base)s as visitor,
    now() - (random() * %(days)s) * interval '1 day' as began,
    1 + floor(random() * 7)::int as length
from generate_series(1, %(sessions)s) n
"""

EVENTS = """
insert into events (environment_id, time, received_at, actor_id, session_id, pageview_id, kind, name, domain, path,
                    title, referrer, target_tag, target_text, platform, browser, os, device, properties)
select
    %(environment)s, time, time,
    case when visitor %% 10 = 0 and random() < 0.5 then -1 - visitor else visitor end,
    %(base)s::bigint * 1000 + session, %(base)s::bigint * 1000 + session * 10 + step, kind,
    case when kind = 'custom' then (%(named)s::text[])[1 + floor(power(random(), 2) * 5)::int] else '' end,
    'shop.example.com', '/' || (array['products', 'blog', 'docs', 'account'])[1 + page %% 4] || '/' || page,
    'Page ' || page,
    case when step = 0 then (array[null, 'https://search.example/', 'https://news.example/'])[1 + session %% 3] end,
    case when kind = 'click' then 'button' end, case when kind = 'click' then 'Button ' || page %% 50 end,
    'web', (array['Chrome', 'Firefox', 'Safari'])[1 + visitor %% 3],
    (array['Windows', 'macOS', 'Android'])[1 + visitor %% 3],
    (array['desktop', 'phone'])[1 + visitor %% 2],
    case when kind = 'custom'
        then jsonb_build_object(
            'plan', (array['free', 'team', 'business'])[1 + page %% 3], 'amount', page %% 200, 'source', 'web',
            'price', floor(power(random(), 3) * 100000) / 100)
        else '{}' end
from (
    select
        visitor, session, step, began + step * interval '40 seconds' as time,
        floor(power(random(), 3) * 1000)::int as page,
        case when random() < %(pageviews)s then 'pageview' when random() < 0.5 then 'click' else 'custom' end as kind
    from made_sessions, generate_series(0, length - 1) step
) made
where time < now()
order by time
"""

MERGES = """
insert into merges (environment_id, from_actor, to_actor)
select distinct %(environment)s, visitor, -1 - visitor from made_sessions where visitor %% 10 = 0
"""

PEOPLE = """
insert into people (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
select %(environment)s, actor, case when actor < 0 then 'person' || -actor || '@shop.example' end,
    jsonb_build_object('plan', (array['free', 'team', 'business'])[1 + abs(actor) %% 3], 'age', abs(actor) %% 80),
    min(began), max(began)
from (select case when visitor %% 10 = 0 then -1 - visitor else visitor end as actor, began from made_sessions) seen
group by actor
"""


@dataclass(frozen=True)
class Site:
    """About `events` events of the last `days` for one environment; the share `pageviews` of them are pageviews."""

    environment: int
    events: int
    pageviews: float = 1.0
    days: int = DAYS


def make(connection: Connection, site: Site) -> int:
    """Add the events of a site. Returns how many were added."""
    numbers = {
        "environment": site.environment,
        "sessions": site.events // 4,
        "visitors": int(site.events * VISITORS_PER_EVENT),
        "base": site.environment * 100_000_000,
        "days": site.days,
        "pageviews": site.pageviews,
        "named": list(NAMED),
    }
    with connection.transaction():
        connection.execute("drop table if exists made_sessions")
        connection.execute(SESSIONS, numbers)
        made = connection.execute(EVENTS, numbers).rowcount
        connection.execute(MERGES, numbers)
        connection.execute(PEOPLE, numbers)
    return made
