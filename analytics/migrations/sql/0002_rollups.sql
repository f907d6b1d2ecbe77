-- What past days of an environment held, counted beforehand and exact. docs/decisions/roll-ups.md says why and how.

-- Everything that arrived before `mark` is in the environment's days, unless a day is missing; none is when `complete`.
create table rollup_marks (
    environment_id bigint primary key references projects_environment on delete cascade,
    mark timestamptz not null,
    complete boolean not null default false
);

-- The days that are counted: days of the calendar of the project's time zone. `has_names` is false where names of custom
-- events were too many to be counted, `is_empty` true where nothing happened.
create table rollup_days (
    environment_id bigint not null references projects_environment on delete cascade,
    starts timestamptz not null,
    ends timestamptz not null,
    has_names boolean not null,
    is_empty boolean not null,
    primary key (environment_id, starts),
    constraint rollup_day_in_order check (starts < ends)
);

-- How many events of one kind and name, and who: bit n is the person at position n. Kind 'any' is all events together,
-- 'session' the first events of sessions.
create table rollup_counts (
    environment_id bigint not null,
    starts timestamptz not null,
    kind text not null,
    name text not null,
    events bigint not null,
    people bytea not null,
    primary key (environment_id, kind, name, starts),
    foreign key (environment_id, starts) references rollup_days on delete cascade
);
create index rollup_counts_by_day on rollup_counts (environment_id, starts);

-- How many events of a kind had which value of a column: JSON, {"=value": how many}, "-" for those without. A day with
-- too many values has no row. Text, because it is only ever read as a whole.
create table rollup_values (
    environment_id bigint not null,
    starts timestamptz not null,
    kind text not null,
    field text not null,
    labels text not null,
    primary key (environment_id, kind, field, starts),
    foreign key (environment_id, starts) references rollup_days on delete cascade
);
create index rollup_values_by_day on rollup_values (environment_id, starts);

create table rollup_positions (
    environment_id bigint not null references projects_environment on delete cascade,
    actor_id bigint not null,
    position integer not null,
    primary key (environment_id, actor_id),
    unique (environment_id, position)
);

-- Merges that the days may not know of yet. Without a foreign key: the collector's transaction writes it.
create table rollup_pending (
    environment_id bigint not null,
    from_actor bigint not null,
    to_actor bigint not null,
    primary key (environment_id, from_actor)
);

create function note_merges() returns trigger language plpgsql as $$
begin
    insert into rollup_pending (environment_id, from_actor, to_actor)
    select environment_id, from_actor, to_actor from made
    on conflict (environment_id, from_actor) do update set to_actor = excluded.to_actor;
    return null;
end $$;
create trigger note_merges after insert on merges
    referencing new table as made for each statement execute function note_merges();

create function forget_merges() returns trigger language plpgsql as $$
begin
    delete from rollup_pending p using gone g
     where p.environment_id = g.environment_id and p.from_actor = g.from_actor;
    return null;
end $$;
create trigger forget_merges after delete on merges
    referencing old table as gone for each statement execute function forget_merges();

-- Days that lost an event are counted anew, and nothing remembers who is gone. A session may begin up to a day later.
-- The lock is the builder's: it is not building while events go, or it would count what is gone.
create function forget_counted() returns trigger language plpgsql as $$
declare
    environment bigint;
begin
    for environment in select distinct g.environment_id from gone g order by 1 loop
        perform pg_advisory_xact_lock(hashtextextended('rollups', environment));
        continue when not exists (select from rollup_marks where environment_id = environment);
        if (select count(*) from (select distinct g.actor_id from gone g
                                   where g.environment_id = environment limit 51) few) > 50 then
            delete from rollup_days where environment_id = environment;
            delete from rollup_positions where environment_id = environment;
        else
            delete from rollup_days d using gone g
             where d.environment_id = environment and g.environment_id = environment
               and g.time < d.ends and g.time >= d.starts - interval '25 hours';
            with who as (
                select distinct a.actor_id from gone g
                  left join merges m on m.environment_id = environment and m.from_actor = g.actor_id
                 cross join lateral (values (g.actor_id), (m.to_actor)) as a(actor_id)
                 where g.environment_id = environment),
            forgotten as (
                delete from rollup_positions p using who
                 where p.environment_id = environment and p.actor_id = who.actor_id
                returning p.position)
            delete from rollup_days d using rollup_counts c, forgotten f
             where d.environment_id = environment
               and c.environment_id = environment and c.starts = d.starts and c.kind = 'any'
               and f.position < length(c.people) * 8 and get_bit(c.people, f.position) = 1;
        end if;
    end loop;
    return null;
end $$;
create trigger forget_counted after delete on events
    referencing old table as gone for each statement execute function forget_counted();

-- Events that came more than an hour late: they may belong to a day that is counted. Others cost no entry.
create index events_late on events (environment_id, received_at) include (time)
    where received_at - time > interval '1 hour';
