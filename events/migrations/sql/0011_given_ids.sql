-- As in 0009_robots.sql, but that an event may bring its `id`: one that is imported has the same id each time
-- (events/imports.py). It is none of a robot's, for servers send it.

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
        select environment_id, to_timestamp(time) as time,
               coalesce(id, nextval('events_id_seq') - case when device = 'robot' then 1::bigint << 58 else 0 end) as id,
               actor_id, identity, session_id, pageview_id,
               coalesce(kind, 'custom') as kind, coalesce(name, '') as name, long_name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
               coalesce(properties, '{}') as properties
          from json_to_recordset(sent) as r(
               environment_id bigint, time float8, id bigint, actor_id bigint, identity text, key uuid,
               session_id bigint, pageview_id bigint, kind text, name text, long_name text,
               domain text, path text, query text, hash text, title text, referrer text,
               target_tag text, target_class text, target_id text, target_href text, target_text text,
               target_hierarchy text, platform text, browser text, os text, device text,
               utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, properties jsonb)
         where fresh is null or key is null or key = any(fresh)),
    stored as (
        insert into events (environment_id, time, id, actor_id, session_id, pageview_id, kind, name, long_name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties)
        select environment_id, time, id, actor_id, session_id, pageview_id, kind, name, long_name,
               domain, path, query, hash, title, referrer,
               target_tag, target_class, target_id, target_href, target_text, target_hierarchy,
               platform, browser, os, device, utm_source, utm_medium, utm_campaign, utm_term, utm_content, properties
          from e),
    seen as (
        select e.environment_id, coalesce(m.to_actor, e.actor_id) as actor_id, m.to_actor is not null as merged,
               max(e.identity) as identity, min(e.time) as first_at, max(e.time) as last_at,
               bool_and(e.device is not distinct from 'robot') and coalesce(m.to_actor, e.actor_id) >= 0 as is_robot
          from e left join merges m
               on e.actor_id >= 0 and m.environment_id = e.environment_id and m.from_actor = e.actor_id
         group by 1, 2, 3),
    -- A person's row is written again only when it tells a minute less than is known now, or takes them for a robot
    -- without knowing yet, or wrongly.
    stale as (
        select seen.environment_id, seen.actor_id, coalesce(max(seen.identity), max(p.identity)) as identity,
               min(seen.first_at) as first_at, max(seen.last_at) as last_at, bool_and(seen.is_robot) as is_robot
          from seen left join people p using (environment_id, actor_id)
         where case when p.actor_id is null then not seen.merged
                    else p.first_seen_at is null or p.first_seen_at > seen.first_at
                         or p.last_seen_at < seen.last_at - interval '1 minute'
                         or p.is_robot is null or p.is_robot and not seen.is_robot end
         group by 1, 2 order by 1, 2),
    touched as (
        insert into people as p (environment_id, actor_id, identity, first_seen_at, last_seen_at, is_robot)
        select environment_id, actor_id, identity, first_at, last_at, is_robot from stale
        on conflict (environment_id, actor_id) do update
           set first_seen_at = least(p.first_seen_at, excluded.first_seen_at),
               last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
               is_robot = coalesce(p.is_robot, true) and excluded.is_robot
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
