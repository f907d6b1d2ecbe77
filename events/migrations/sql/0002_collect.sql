-- One batch in, in one statement and one commit. events/batch.py makes the arguments, all of them arrays of objects:
--   sent       events                                         keys       {environment_id, digest}: sorted, each once
--   people     changes of identities only: sorted, each once  changes    changes that concern visitors: in their order
--   customers  sorted, each once
-- It must run as READ COMMITTED: each step looks again at what other writers have committed meanwhile.
-- Rows that others write too are locked in the order (environment_id, actor_id), or writers would deadlock.
-- Few rows meet large tables: joins always go through an index, whatever the planner believes of empty tables.

create function store_events(sent json, keys json) returns void language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    fresh uuid[];
    environments bigint[];
    visitors bigint[];
begin
    if keys is not null then
        with put as (
            insert into idempotency_keys as known (environment_id, digest)
            select * from json_to_recordset(keys) as k(environment_id bigint, digest uuid)
            on conflict (environment_id, digest)
                do update set at = now() where known.at < now() - interval '7 days'
            returning digest)
        select coalesce(array_agg(digest), '{}') into fresh from put;
    end if;

    with e as materialized (
        select environment_id, to_timestamp(time) as time, actor_id, identity, session_id, pageview_id,
               coalesce(kind, 'custom') as kind, coalesce(name, '') as name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
               coalesce(properties, '{}') as properties
          from json_to_recordset(sent) as r(
               environment_id bigint, time float8, actor_id bigint, identity text, key uuid,
               session_id bigint, pageview_id bigint, kind text, name text,
               domain text, path text, query text, hash text, title text, referrer text,
               target_tag text, target_class text, target_id text, target_href text, target_text text,
               target_hierarchy text, platform text, browser text, os text, device text,
               utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, properties jsonb)
         where fresh is null or key is null or key = any(fresh)),
    stored as (
        insert into events (environment_id, time, actor_id, session_id, pageview_id, kind, name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties)
        select environment_id, time, actor_id, session_id, pageview_id, kind, name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties
          from e),
    seen as (
        select e.environment_id, coalesce(m.to_actor, e.actor_id) as actor_id, m.to_actor is not null as merged,
               max(e.identity) as identity, min(e.time) as first_at, max(e.time) as last_at
          from e left join merges m
               on e.actor_id >= 0 and m.environment_id = e.environment_id and m.from_actor = e.actor_id
         group by 1, 2, 3),
    -- A person's row is written again only when it tells a minute less than is known now.
    stale as (
        select seen.environment_id, seen.actor_id, coalesce(max(seen.identity), max(p.identity)) as identity,
               min(seen.first_at) as first_at, max(seen.last_at) as last_at
          from seen left join people p using (environment_id, actor_id)
         where case when p.actor_id is null then not seen.merged
                    else p.first_seen_at > seen.first_at or p.last_seen_at < seen.last_at - interval '1 minute' end
         group by 1, 2 order by 1, 2),
    touched as (
        insert into people as p (environment_id, actor_id, identity, first_seen_at, last_seen_at)
        select environment_id, actor_id, identity, first_at, last_at from stale
        on conflict (environment_id, actor_id) do update
           set first_seen_at = least(p.first_seen_at, excluded.first_seen_at),
               last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at)
        returning environment_id, actor_id, xmax = 0 as is_new)
    select array_agg(environment_id), array_agg(actor_id) into environments, visitors
      from touched where is_new and actor_id >= 0;

    -- Another writer may have identified a visitor between our look at merges and our insert, which waited for it.
    if visitors is not null then
        perform fold_visitor(m.environment_id, m.from_actor, m.to_actor)
           from unnest(environments, visitors) as v(environment_id, actor_id)
           join merges m on m.environment_id = v.environment_id and m.from_actor = v.actor_id;
    end if;
end $$;

-- What is known of a visitor goes to the identity, whose own values win; the visitor's row goes.
create function fold_visitor(environment bigint, visitor bigint, person bigint) returns void language sql as $$
    with gone as (
        delete from people where environment_id = environment and actor_id = visitor returning *)
    update people p
       set properties = gone.properties || p.properties,
           first_seen_at = least(gone.first_seen_at, p.first_seen_at),
           last_seen_at = greatest(gone.last_seen_at, p.last_seen_at)
      from gone
     where p.environment_id = environment and p.actor_id = person;
$$;

create function set_people(people json) returns void language sql as $$
    insert into people as p (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
    select environment_id, actor_id, identity, coalesce(properties, '{}'), to_timestamp(at), to_timestamp(at)
      from json_to_recordset(people) as r(
           environment_id bigint, actor_id bigint, identity text, properties jsonb, at float8)
    on conflict (environment_id, actor_id) do update set properties = p.properties || excluded.properties;
$$;

create function set_customers(customers json) returns void language sql as $$
    insert into customers as c (environment_id, account_id, properties, first_seen_at, last_seen_at)
    select environment_id, account_id, coalesce(properties, '{}'), to_timestamp(at), to_timestamp(at)
      from json_to_recordset(customers) as r(environment_id bigint, account_id text, properties jsonb, at float8)
    on conflict (environment_id, account_id) do update
       set properties = c.properties || excluded.properties,
           last_seen_at = greatest(c.last_seen_at, excluded.last_seen_at);
$$;

-- Changes in their order, some of which concern visitors: `visitor` is set where one became `actor_id`.
-- The visitor's row in people is the lock on who they are: made when missing, deleted when they become an identity.
create function change_people(changes json) returns void language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    change record;
begin
    with c as (
        select environment_id, coalesce(visitor, actor_id) as actor_id,
               case when visitor is null then identity end as identity, to_timestamp(at) as at
          from json_to_recordset(changes) as r(
               environment_id bigint, actor_id bigint, visitor bigint, identity text, at float8))
    insert into people (environment_id, actor_id, identity, first_seen_at, last_seen_at)
    select c.environment_id, c.actor_id, max(c.identity), min(c.at), min(c.at)
      from c left join merges m
           on c.actor_id >= 0 and m.environment_id = c.environment_id and m.from_actor = c.actor_id
     where m.to_actor is null
     group by 1, 2 order by 1, 2
    on conflict do nothing;

    perform 1 from people p
      join (select distinct r.environment_id, a.actor_id
              from json_to_recordset(changes) as r(environment_id bigint, actor_id bigint, visitor bigint)
              left join merges m
                   on m.environment_id = r.environment_id and m.from_actor = coalesce(r.visitor, r.actor_id)
             cross join lateral (values (r.actor_id), (r.visitor), (m.to_actor)) as a(actor_id)) as concerned
           using (environment_id, actor_id)
     order by p.environment_id, p.actor_id
       for no key update of p;

    for change in
        select * from rows from (json_to_recordset(changes) as (
               environment_id bigint, actor_id bigint, visitor bigint, identity text, properties jsonb, at float8))
               with ordinality as r(environment_id, actor_id, visitor, identity, properties, at, place)
         order by place
    loop
        if change.visitor is null then
            update people p set properties = p.properties || coalesce(change.properties, '{}')
             where p.environment_id = change.environment_id
               and p.actor_id = coalesce(
                   (select to_actor from merges m
                     where m.environment_id = change.environment_id and m.from_actor = change.actor_id),
                   change.actor_id);
        else
            insert into merges (environment_id, from_actor, to_actor, at)
            values (change.environment_id, change.visitor, change.actor_id, to_timestamp(change.at))
            on conflict do nothing;
            if found then
                insert into people (environment_id, actor_id, identity, first_seen_at, last_seen_at)
                values (change.environment_id, change.actor_id, change.identity,
                        to_timestamp(change.at), to_timestamp(change.at))
                on conflict do nothing;
                perform fold_visitor(change.environment_id, change.visitor, change.actor_id);
            end if;
        end if;
    end loop;

    -- Visitors whom another writer identified between our first look and our lock, and whose row we made again.
    perform fold_visitor(m.environment_id, m.from_actor, m.to_actor)
       from (select distinct environment_id, coalesce(visitor, actor_id) as actor_id
               from json_to_recordset(changes) as r(environment_id bigint, actor_id bigint, visitor bigint)) as c
       join merges m on m.environment_id = c.environment_id and m.from_actor = c.actor_id
      where c.actor_id >= 0;
end $$;

create function collect(sent json, keys json, people json, changes json, customers json) returns void
language plpgsql as $$
begin
    if people is not null then
        perform set_people(people);
    end if;
    if changes is not null then
        perform change_people(changes);
    end if;
    if customers is not null then
        perform set_customers(customers);
    end if;
    if sent is not null then
        perform store_events(sent, keys);
    end if;
end $$;
