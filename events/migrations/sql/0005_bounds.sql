-- Properties of people and customers within limits: `most` of them, and `most_bytes` of JSON. What is more is left out,
-- and told. What changes nothing writes nothing and locks nothing.
--
-- `collect` of 0004_repeats.sql stays for programs of before. It calls these functions without limits: hence the defaults.

drop function set_people(json);
drop function set_customers(json);
drop function change_people(json);
drop function fold_visitor(bigint, bigint, bigint);

-- How many bytes a property takes in the text of a jsonb object. Their sum is that text's length.
create function property_bytes(key text, value jsonb) returns integer language sql immutable parallel safe
return octet_length(to_json(key)::text) + octet_length(value::text) + 4;

-- `known` with `given`, as far as the limits allow: first new values of known names, as long as the bytes suffice, then
-- new names in the order of their code points. A `known` that is beyond the limits itself loses its last names.
create function bounded(known jsonb, given jsonb, most integer, most_bytes integer) returns jsonb
language plpgsql immutable parallel safe as $$
declare
    kept jsonb := known || given;
    names integer;
    bytes integer;
begin
    -- Few people need to be measured: 8 bytes at least stand for a property, and none has a text 32 times as long.
    if pg_column_size(kept) <= least(most * 8, most_bytes / 32) then
        return kept;
    end if;
    if octet_length(kept::text) <= most_bytes and (select count(*) from jsonb_object_keys(kept)) <= most then
        return kept;
    end if;
    select coalesce(jsonb_object_agg(key, value), '{}'), count(*), coalesce(sum(size), 0) into kept, names, bytes
      from (select key, value, size, row_number() over w as place, sum(size) over w as bytes
              from (select key, value, property_bytes(key, value) as size from jsonb_each(known)) as sized
            window w as (order by key collate "C")) as p
     where p.place <= most and p.bytes <= most_bytes;
    return (
        with changed as (
            select key, value, property_bytes(key, value) - property_bytes(key, kept -> key) as more
              from jsonb_each(given) where kept ? key),
        added as (
            select key, value, property_bytes(key, value) as more, row_number() over () as place
              from (select key, value from jsonb_each(given)
                     where not kept ? key order by key collate "C" limit greatest(most - names, 0)) as first),
        weighed as (
            select key, value, sum(more) over (order by place, more, key collate "C") as more
              from (select key, value, more, 0 as place from changed union all table added) as each)
        select kept || coalesce(jsonb_object_agg(key, value), '{}') from weighed w where bytes + w.more <= most_bytes);
end $$;

-- The names of `given` whose values are not in `stored`.
create function left_out(given jsonb, stored jsonb) returns text[] language sql immutable parallel safe
return (select array_agg(key) from jsonb_each(given) where stored -> key is distinct from value);

-- Returns the names that were left out, by person: null where none were, as almost always.
create function set_people(people json, most integer default 1000, most_bytes integer default 65536) returns jsonb
language plpgsql
set enable_nestloop = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    told jsonb;
begin
    with c as materialized (
        select environment_id, actor_id, identity, coalesce(properties, '{}') as given, to_timestamp(at) as at,
               (select p.properties from people p
                 where p.environment_id = r.environment_id and p.actor_id = r.actor_id) as known
          from json_to_recordset(people) as r(
               environment_id bigint, actor_id bigint, identity text, properties jsonb, at float8)),
    looked as materialized (
        select *, bounded(coalesce(known, '{}'), given, most, most_bytes) as wanted from c),
    -- For a row that is there, all that is given: what the row holds once it is locked decides.
    put as (
        insert into people as p (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
        select environment_id, actor_id, identity, case when known is null then wanted else given end, at, at
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

-- As set_people. When a customer was last seen is exact to a minute.
create function set_customers(customers json, most integer default 1000, most_bytes integer default 65536) returns jsonb
language plpgsql
set enable_nestloop = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    told jsonb;
begin
    with c as materialized (
        select r.environment_id, r.account_id, coalesce(r.properties, '{}') as given, to_timestamp(r.at) as at,
               k.properties as known, k.last_seen_at
          from json_to_recordset(customers) as r(environment_id bigint, account_id text, properties jsonb, at float8)
          left join lateral (
               select properties, last_seen_at from customers c
                where c.environment_id = r.environment_id and c.account_id = r.account_id limit 1) as k on true),
    looked as materialized (
        select *, bounded(coalesce(known, '{}'), given, most, most_bytes) as wanted from c),
    put as (
        insert into customers as c (environment_id, account_id, properties, first_seen_at, last_seen_at)
        select environment_id, account_id, case when known is null then wanted else given end, at, at
          from looked where known is distinct from wanted or last_seen_at < at - interval '1 minute'
         order by environment_id, account_id
        on conflict (environment_id, account_id) do update
           set properties = bounded(c.properties, excluded.properties, most, most_bytes),
               last_seen_at = greatest(c.last_seen_at, excluded.last_seen_at)
        returning c.environment_id, c.account_id, c.properties as stored)
    select jsonb_agg(jsonb_build_object('environment_id', environment_id, 'account_id', account_id,
                                        'names', left_out(given, coalesce(stored, known)))) into told
      from looked left join put using (environment_id, account_id)
     where not coalesce(stored, known) @> given;
    return told;
end $$;

-- What is known of a visitor goes to the identity, whose own values win; the visitor's row goes. Returns the names that
-- were left out. Whoever calls it without limits has a visitor without properties.
create function fold_visitor(
    environment bigint, visitor bigint, person bigint, most integer default 1000, most_bytes integer default 65536
) returns text[] language sql as $$
    with gone as (
        delete from people where environment_id = environment and actor_id = visitor returning *),
    put as (
        update people p
           set properties = case when gone.properties = '{}' then p.properties
                                 else bounded(p.properties, gone.properties || p.properties, most, most_bytes) end,
               first_seen_at = least(gone.first_seen_at, p.first_seen_at),
               last_seen_at = greatest(gone.last_seen_at, p.last_seen_at)
          from gone
         where p.environment_id = environment and p.actor_id = person
        returning gone.properties as given, p.properties as stored)
    select array_agg(name) from put, jsonb_object_keys(given) as name where not stored ? name;
$$;

-- Changes in their order, some of which concern visitors: `visitor` is set where one became `actor_id`.
-- Each person is written once, however many changes there are. It ends as if each had been made on its own, since the
-- identity's own values win over those of a visitor, whenever these were set: only what was set for a visitor before they
-- are identified in this very batch has to go first.
-- Returns the names that were left out, by the actor whom the sender named; of visitors who became somebody as `visitor`.
create function change_people(changes json, most integer default 1000, most_bytes integer default 65536) returns jsonb
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
                insert into people (environment_id, actor_id, identity, first_seen_at, last_seen_at)
                values (change.environment_id, change.actor_id, change.identity,
                        to_timestamp(change.at), to_timestamp(change.at))
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

-- What is set by those changes that stand at these places, or by all others, as `set_people` takes it: one row a person,
-- who is the identity where the visitor has one. The last value of a name stays. Null where nothing is set.
create function summed_changes(changes json, places bigint[], these boolean) returns json language sql stable
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
    with r as (
        select r.environment_id, coalesce(m.to_actor, r.actor_id) as actor_id, r.place, r.properties, r.at,
               case when m.to_actor is null then r.identity
                    else (select p.identity from people p
                           where p.environment_id = r.environment_id and p.actor_id = m.to_actor) end as identity
          from rows from (json_to_recordset(changes) as (
               environment_id bigint, actor_id bigint, visitor bigint, identity text, properties jsonb, at float8))
               with ordinality as r(environment_id, actor_id, visitor, identity, properties, at, place)
          left join merges m on m.environment_id = r.environment_id and m.from_actor = r.actor_id
         where r.visitor is null and (r.place = any(places)) = these),
    summed as (
        select environment_id, actor_id, max(identity) as identity, min(at) as at,
               coalesce(jsonb_object_agg(key, value order by place) filter (where key is not null), '{}') as properties
          from r left join lateral jsonb_each(coalesce(r.properties, '{}')) on true
         group by environment_id, actor_id)
    select json_agg(summed order by environment_id, actor_id) from summed where actor_id >= 0 or identity is not null;
$$;

-- What `set_people` tells, by the actors whom the senders of the changes named.
create function by_sender(told jsonb, changes json) returns jsonb language sql stable
set enable_nestloop = off set enable_mergejoin = off set enable_seqscan = off as $$
    with r as materialized (
        select distinct environment_id, actor_id as named,
               coalesce((select m.to_actor from merges m
                          where m.environment_id = r.environment_id and m.from_actor = r.actor_id), actor_id) as actor_id
          from json_to_recordset(changes) as r(environment_id bigint, actor_id bigint, visitor bigint)
         where visitor is null)
    select jsonb_agg(jsonb_build_object('environment_id', environment_id, 'actor_id', named, 'names', names))
      from jsonb_to_recordset(told) as t(environment_id bigint, actor_id bigint, names jsonb)
      join r using (environment_id, actor_id);
$$;

-- As the `collect` of before, within limits. Returns the digests of repeats, and the names of properties that were left
-- out: of `people`, and of `customers`. Null where there is nothing to tell, as almost always.
create function collect(
    sent json, keys json, people json, changes json, customers json, most integer, most_bytes integer
) returns jsonb language plpgsql as $$
declare
    of_people jsonb;
    of_customers jsonb;
    repeats uuid[];
begin
    if people is not null then
        of_people := set_people(people, most, most_bytes);
    end if;
    if changes is not null then
        of_people := change_people(changes, most, most_bytes);
    end if;
    if customers is not null then
        of_customers := set_customers(customers, most, most_bytes);
    end if;
    if sent is not null then
        repeats := store_events(sent, keys);
    end if;
    if repeats is null and of_people is null and of_customers is null then
        return null;
    end if;
    return jsonb_build_object('repeats', repeats, 'people', of_people, 'customers', of_customers);
end $$;
