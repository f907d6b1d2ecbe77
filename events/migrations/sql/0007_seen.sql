-- When somebody was first and last seen is about what they did: null for a person of whom there are properties alone.
-- The functions are those of 0005_bounds.sql and 0006_long_names.sql, but that changes of people tell no time.
-- `least` and `greatest` ignore null.

set local lock_timeout = '5s';
alter table people
    alter column first_seen_at drop not null,
    alter column last_seen_at drop not null,
    add constraint person_seen_both_or_never check ((first_seen_at is null) = (last_seen_at is null)) not valid;

create or replace function set_people(people json, most integer default 1000, most_bytes integer default 65536) returns jsonb
language plpgsql
set enable_nestloop = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    told jsonb;
begin
    with c as materialized (
        select environment_id, actor_id, identity, coalesce(properties, '{}') as given,
               (select p.properties from people p
                 where p.environment_id = r.environment_id and p.actor_id = r.actor_id) as known
          from json_to_recordset(people) as r(
               environment_id bigint, actor_id bigint, identity text, properties jsonb)),
    looked as materialized (
        select *, bounded(coalesce(known, '{}'), given, most, most_bytes) as wanted from c),
    -- For a row that is there, all that is given: what the row holds once it is locked decides.
    put as (
        insert into people as p (environment_id, actor_id, identity, properties)
        select environment_id, actor_id, identity, case when known is null then wanted else given end
          from looked where known is distinct from wanted order by environment_id, actor_id
        on conflict (environment_id, actor_id) do update
           set properties = bounded(p.properties, excluded.properties, most, most_bytes)
        returning p.environment_id, p.actor_id, p.properties as stored)
    select jsonb_agg(jsonb_build_object('environment_id', environment_id, 'actor_id', actor_id,
                                        'names', left_out(given, coalesce(stored, known)))) into told
      from looked left join put using (environment_id, actor_id)
     where not coalesce(stored, known) @> given;
    return told;
end $$;

create or replace function change_people(changes json, most integer default 1000, most_bytes integer default 65536) returns jsonb
language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    change record;
    early bigint[] := '{}';  -- the places of changes of visitors before they are identified
    summed json;
    told jsonb := '[]';
    names text[];
begin
    if exists (select from json_to_recordset(changes) as r(environment_id bigint, visitor bigint)
                where visitor is not null and not exists (select from merges m
                      where m.environment_id = r.environment_id and m.from_actor = r.visitor)) then
        -- The visitor's row in people is the lock on who they are: made when missing, deleted when they become somebody.
        with c as (
            select environment_id, coalesce(visitor, actor_id) as actor_id,
                   case when visitor is null then identity end as identity
              from json_to_recordset(changes) as r(
                   environment_id bigint, actor_id bigint, visitor bigint, identity text))
        insert into people (environment_id, actor_id, identity)
        select c.environment_id, c.actor_id, max(c.identity)
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

        early := array(
            select place
              from (select *, min(place) filter (where visitor is not null) over w as identified_at
                      from rows from (json_to_recordset(changes) as (
                           environment_id bigint, actor_id bigint, visitor bigint)) with ordinality
                           as r(environment_id, actor_id, visitor, place)
                    window w as (partition by environment_id, coalesce(visitor, actor_id))) as r
             where visitor is null and place < identified_at
               and not exists (select from merges m
                                where m.environment_id = r.environment_id and m.from_actor = r.actor_id));
        if early <> '{}' then
            told := told || coalesce(set_people(summed_changes(changes, early, true), most, most_bytes), '[]');
        end if;

        for change in
            select * from rows from (json_to_recordset(changes) as (
                   environment_id bigint, actor_id bigint, visitor bigint, identity text, at float8)) with ordinality
                   as r(environment_id, actor_id, visitor, identity, at, place)
             where visitor is not null and not exists (select from merges m
                   where m.environment_id = r.environment_id and m.from_actor = r.visitor)
             order by place
        loop
            insert into merges (environment_id, from_actor, to_actor, at)
            values (change.environment_id, change.visitor, change.actor_id, to_timestamp(change.at))
            on conflict do nothing;
            if found then
                insert into people (environment_id, actor_id, identity)
                values (change.environment_id, change.actor_id, change.identity)
                on conflict do nothing;
                names := fold_visitor(change.environment_id, change.visitor, change.actor_id, most, most_bytes);
                if names is not null then
                    told := told || jsonb_build_object(
                        'environment_id', change.environment_id, 'visitor', change.visitor, 'names', names);
                end if;
            end if;
        end loop;
    end if;

    summed := summed_changes(changes, early, false);
    if summed is not null then
        told := told || coalesce(by_sender(set_people(summed, most, most_bytes), changes), '[]');
    end if;

    -- Visitors whom another writer identified between our look at merges and our write, which made their row again.
    perform fold_visitor(m.environment_id, m.from_actor, m.to_actor, most, most_bytes)
       from (select distinct environment_id, coalesce(visitor, actor_id) as actor_id
               from json_to_recordset(changes) as r(environment_id bigint, actor_id bigint, visitor bigint)) as c
       join merges m on m.environment_id = c.environment_id and m.from_actor = c.actor_id
       join people p on p.environment_id = c.environment_id and p.actor_id = c.actor_id
      where c.actor_id >= 0;
    return nullif(told, '[]');
end $$;

create or replace function store_events(sent json, keys json) returns uuid[] language plpgsql
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
               coalesce(kind, 'custom') as kind, coalesce(name, '') as name, long_name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
               coalesce(properties, '{}') as properties
          from json_to_recordset(sent) as r(
               environment_id bigint, time float8, actor_id bigint, identity text, key uuid,
               session_id bigint, pageview_id bigint, kind text, name text, long_name text,
               domain text, path text, query text, hash text, title text, referrer text,
               target_tag text, target_class text, target_id text, target_href text, target_text text,
               target_hierarchy text, platform text, browser text, os text, device text,
               utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, properties jsonb)
         where fresh is null or key is null or key = any(fresh)),
    stored as (
        insert into events (environment_id, time, actor_id, session_id, pageview_id, kind, name, long_name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties)
        select environment_id, time, actor_id, session_id, pageview_id, kind, name, long_name,
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
                    else p.first_seen_at is null or p.first_seen_at > seen.first_at
                         or p.last_seen_at < seen.last_at - interval '1 minute' end
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

    if cardinality(fresh) < json_array_length(keys) then
        return (select array_agg(digest)
                  from (select digest from json_to_recordset(keys) as k(digest uuid)
                        except select unnest(fresh)) as repeats);
    end if;
    return null;
end $$;
