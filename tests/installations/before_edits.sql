-- An installation from e13d803 that was upgraded to d068f49: it ran each of the migrations that were edited in place
-- on 23 November 2026 before the edit. By pg_dump -s, without its comments and settings; rows of counted days by hand.

SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

CREATE TYPE public.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);

CREATE TYPE public.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);

CREATE TYPE public.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);

CREATE FUNCTION public.activity_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'DELETE' and current_setting('heapadmin.purging', true) = old.account_id::text and exists (
        select 1 from accounts_account where id = old.account_id and closed_at is not null
    ) then
        return old;
    end if;
    raise exception 'activity is append-only'
        using errcode = 'restrict_violation', constraint = 'activity_is_append_only', table = 'accounts_activity';
end $$;

CREATE FUNCTION public.change_people(changes json) RETURNS void
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE FUNCTION public.collect(sent json, keys json, people json, changes json, customers json) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.directory_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    notify directory;
    return null;
end $$;

CREATE FUNCTION public.ensure_event_partitions(first date, last date) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
    month date := date_trunc('month', first);
    name text;
    made integer := 0;
begin
    while month <= last loop
        name := 'events_' || to_char(month, 'YYYY_MM');
        if to_regclass(name) is null then
            perform make_event_partition(name, month);
            made := made + 1;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end $$;

CREATE FUNCTION public.excludedip_stamp() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update ipfilter_excludediplist set stamp = nextval('ipfilter_stamp') where id in (select list_id from touched);
    return null;
end $$;

CREATE FUNCTION public.excludediplist_stays_in_its_account() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (
        select 1
          from ipfilter_excludediplist list
          join projects_environment environment on environment.id = list.environment_id
          join projects_project project on project.id = environment.project_id
         where project.account_id <> list.account_id
           and case tg_table_name
                   when 'ipfilter_excludediplist' then list.id = new.id
                   when 'projects_environment' then environment.id = new.id
                   else project.id = new.id
               end
    ) then
        raise exception 'a list of excluded IPs would belong to one account and its environment to another'
            using errcode = 'check_violation', constraint = 'excludediplist_stays_in_its_account',
                  table = 'ipfilter_excludediplist';
    end if;
    return null;
end $$;

CREATE FUNCTION public.fold_visitor(environment bigint, visitor bigint, person bigint) RETURNS void
    LANGUAGE sql
    AS $$
    with gone as (
        delete from people where environment_id = environment and actor_id = visitor returning *)
    update people p
       set properties = gone.properties || p.properties,
           first_seen_at = least(gone.first_seen_at, p.first_seen_at),
           last_seen_at = greatest(gone.last_seen_at, p.last_seen_at)
      from gone
     where p.environment_id = environment and p.actor_id = person;
$$;

CREATE FUNCTION public.forget_counted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.forget_merges() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    delete from rollup_pending p using gone g
     where p.environment_id = g.environment_id and p.from_actor = g.from_actor;
    return null;
end $$;

CREATE FUNCTION public.login_switched_off() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    account bigint;
begin
    for account in
        select account_id from accounts_membership where user_id = old.id and not read_only order by account_id
    loop
        perform require_full_access(account);
    end loop;
    return null;
end $$;

CREATE FUNCTION public.make_event_partition(name text, month date) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
    starts timestamptz := month::timestamp at time zone 'UTC';
    ends timestamptz := (month + interval '1 month') at time zone 'UTC';
begin
    execute format('create table %I (like events including defaults including constraints)', name);
    -- Counts read the index alone only where vacuum has been; the stock setting waits for 20 % of new rows.
    execute format('alter table %I set (autovacuum_vacuum_insert_scale_factor = 0.05)', name);
    execute format(
        'with moved as (delete from events_default where time >= %L and time < %L returning *) '
        'insert into %I select * from moved', starts, ends, name);
    execute format('alter table events attach partition %I for values from (%L) to (%L)', name, starts, ends);
end $$;

CREATE FUNCTION public.membership_lost() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform require_full_access(old.account_id);
    return null;
end $$;

CREATE FUNCTION public.note_merges() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into rollup_pending (environment_id, from_actor, to_actor)
    select environment_id, from_actor, to_actor from made
    on conflict (environment_id, from_actor) do update set to_actor = excluded.to_actor;
    return null;
end $$;

CREATE FUNCTION public.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_jobs_v1(jobs public.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;

CREATE FUNCTION public.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;

CREATE TABLE public.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status public.procrastinate_job_status DEFAULT 'todo'::public.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    queueing_lock text,
    priority integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::public.procrastinate_job_status) AND (abort_requested = true))))
);

CREATE FUNCTION public.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS public.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;

CREATE FUNCTION public.procrastinate_finish_job_v1(job_id bigint, end_status public.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION public.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;

CREATE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;

CREATE FUNCTION public.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE FUNCTION public.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION public.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION public.require_full_access(closing bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    -- the lock makes two transactions that each remove one of the last two wait for each other
    perform 1 from accounts_account where id = closing and closed_at is null for no key update;
    if found and not exists (
        select 1 from accounts_membership m join accounts_user u on u.id = m.user_id
        where m.account_id = closing and not m.read_only and u.is_active
    ) then
        raise exception 'account % would be left without a teammate with full access', closing
            using errcode = 'check_violation', constraint = 'account_keeps_full_access', table = 'accounts_account';
    end if;
end $$;

CREATE FUNCTION public.set_customers(customers json) RETURNS void
    LANGUAGE sql
    AS $$
    insert into customers as c (environment_id, account_id, properties, first_seen_at, last_seen_at)
    select environment_id, account_id, coalesce(properties, '{}'), to_timestamp(at), to_timestamp(at)
      from json_to_recordset(customers) as r(environment_id bigint, account_id text, properties jsonb, at float8)
    on conflict (environment_id, account_id) do update
       set properties = c.properties || excluded.properties,
           last_seen_at = greatest(c.last_seen_at, excluded.last_seen_at);
$$;

CREATE FUNCTION public.set_people(people json) RETURNS void
    LANGUAGE sql
    AS $$
    insert into people as p (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at)
    select environment_id, actor_id, identity, coalesce(properties, '{}'), to_timestamp(at), to_timestamp(at)
      from json_to_recordset(people) as r(
           environment_id bigint, actor_id bigint, identity text, properties jsonb, at float8)
    on conflict (environment_id, actor_id) do update set properties = p.properties || excluded.properties;
$$;

CREATE FUNCTION public.store_events(sent json, keys json) RETURNS void
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
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

CREATE TABLE public.account_emailaddress (
    id integer NOT NULL,
    email character varying(254) NOT NULL,
    verified boolean NOT NULL,
    "primary" boolean NOT NULL,
    user_id bigint NOT NULL
);

ALTER TABLE public.account_emailaddress ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailaddress_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.account_emailconfirmation (
    id integer NOT NULL,
    created timestamp with time zone NOT NULL,
    sent timestamp with time zone,
    key character varying(64) NOT NULL,
    email_address_id integer NOT NULL
);

ALTER TABLE public.account_emailconfirmation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.account_emailconfirmation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_account (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    require_second_factor boolean NOT NULL,
    time_zone character varying(64) NOT NULL,
    who_may_invite character varying(20) NOT NULL,
    CONSTRAINT account_has_a_name CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT account_who_may_invite_is_known CHECK (((who_may_invite)::text = ANY ((ARRAY['full'::character varying, 'second_factor'::character varying, 'nobody'::character varying])::text[])))
);

ALTER TABLE public.accounts_account ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_activity (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    by_email character varying(254) NOT NULL,
    verb character varying(60) NOT NULL,
    target character varying(300) NOT NULL,
    details jsonb NOT NULL,
    address inet,
    account_id bigint NOT NULL,
    by_id bigint,
    as_staff boolean NOT NULL,
    by_name character varying(150) NOT NULL
);

ALTER TABLE public.accounts_activity ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_emailchange (
    id bigint NOT NULL,
    new_email character varying(254) NOT NULL,
    nonce character varying(32) NOT NULL,
    old_digest character varying(64) NOT NULL,
    new_digest character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    old_confirmed_at timestamp with time zone,
    new_confirmed_at timestamp with time zone,
    user_id bigint NOT NULL,
    CONSTRAINT emailchange_lower_case CHECK (((new_email)::text = lower((new_email)::text)))
);

ALTER TABLE public.accounts_emailchange ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_emailchange_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_invitation (
    id bigint NOT NULL,
    email character varying(254) NOT NULL,
    read_only boolean NOT NULL,
    nonce character varying(32) NOT NULL,
    digest character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    mail_problem character varying(300) NOT NULL,
    link_copied_at timestamp with time zone,
    asked_again_at timestamp with time zone,
    accepted_at timestamp with time zone,
    declined_at timestamp with time zone,
    revoked_at timestamp with time zone,
    accepted_by_id bigint,
    account_id bigint NOT NULL,
    invited_by_id bigint,
    CONSTRAINT invitation_accepted_has_a_user CHECK ((((accepted_at IS NULL) AND (accepted_by_id IS NULL)) OR ((accepted_at IS NOT NULL) AND (accepted_by_id IS NOT NULL)))),
    CONSTRAINT invitation_email_lower_case CHECK (((email)::text = lower((email)::text))),
    CONSTRAINT invitation_ends_once CHECK ((((accepted_at IS NULL) AND (declined_at IS NULL)) OR ((accepted_at IS NULL) AND (revoked_at IS NULL)) OR ((declined_at IS NULL) AND (revoked_at IS NULL))))
);

ALTER TABLE public.accounts_invitation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_invitation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_membership (
    id bigint NOT NULL,
    read_only boolean NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    invited_by_id bigint,
    user_id bigint NOT NULL,
    last_seen_at timestamp with time zone
);

ALTER TABLE public.accounts_membership ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_membership_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_rescue (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    user_id bigint NOT NULL
);

ALTER TABLE public.accounts_rescue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_rescue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_user (
    id bigint NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    email character varying(254) NOT NULL,
    name character varying(150) NOT NULL,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    CONSTRAINT user_email_lower_case CHECK (((email)::text = lower((email)::text)))
);

CREATE TABLE public.accounts_user_groups (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    group_id integer NOT NULL
);

ALTER TABLE public.accounts_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.accounts_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.accounts_user_user_permissions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE public.accounts_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.accounts_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.analytics_definition (
    id bigint NOT NULL,
    lineage uuid NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    body jsonb NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by_id bigint,
    created_by_id bigint,
    environment_id bigint NOT NULL,
    CONSTRAINT analytics_definition_version_check CHECK ((version >= 0)),
    CONSTRAINT definition_has_a_name CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT definition_version_from_1 CHECK ((version >= 1))
);

ALTER TABLE public.analytics_definition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.analytics_definition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.analytics_pin (
    id bigint NOT NULL,
    "position" integer NOT NULL,
    environment_id bigint NOT NULL,
    report_id bigint NOT NULL,
    CONSTRAINT analytics_pin_position_check CHECK (("position" >= 0))
);

ALTER TABLE public.analytics_pin ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.analytics_pin_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.analytics_report (
    id bigint NOT NULL,
    lineage uuid NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    body jsonb NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    changed_by_id bigint,
    created_by_id bigint,
    environment_id bigint NOT NULL,
    CONSTRAINT analytics_report_version_check CHECK ((version >= 0)),
    CONSTRAINT report_has_a_name CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT report_kind_known CHECK (((kind)::text = ANY ((ARRAY['graph'::character varying, 'funnel'::character varying, 'retention'::character varying, 'users'::character varying])::text[]))),
    CONSTRAINT report_version_from_1 CHECK ((version >= 1))
);

ALTER TABLE public.analytics_report ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.analytics_report_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.analytics_segment (
    id bigint NOT NULL,
    lineage uuid NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    body jsonb NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by_id bigint,
    created_by_id bigint,
    environment_id bigint NOT NULL,
    CONSTRAINT analytics_segment_version_check CHECK ((version >= 0)),
    CONSTRAINT segment_has_a_name CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT segment_version_from_1 CHECK ((version >= 1))
);

ALTER TABLE public.analytics_segment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.analytics_segment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);

ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);

ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);

ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE UNLOGGED TABLE public.cache_entries (
    cache_key character varying(255) NOT NULL,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);

CREATE TABLE public.customers (
    environment_id bigint NOT NULL,
    account_id text NOT NULL,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT customer_account_id_length CHECK (((length(account_id) >= 1) AND (length(account_id) <= 255)))
);

CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id bigint NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);

ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);

ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);

ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);

CREATE TABLE public.events (
    environment_id bigint NOT NULL,
    "time" timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    actor_id bigint NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'custom'::text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
PARTITION BY RANGE ("time");

CREATE TABLE public.events_2026_08 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2026_09 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2026_10 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2026_11 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2026_12 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2027_01 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2027_02 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_2027_03 (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.05');

CREATE TABLE public.events_default (
    environment_id bigint CONSTRAINT events_environment_id_not_null NOT NULL,
    "time" timestamp with time zone CONSTRAINT events_time_not_null NOT NULL,
    id bigint CONSTRAINT events_id_not_null NOT NULL,
    actor_id bigint CONSTRAINT events_actor_id_not_null NOT NULL,
    session_id bigint,
    pageview_id bigint,
    received_at timestamp with time zone DEFAULT now() CONSTRAINT events_received_at_not_null NOT NULL,
    kind text DEFAULT 'custom'::text CONSTRAINT events_kind_not_null NOT NULL,
    name text DEFAULT ''::text CONSTRAINT events_name_not_null NOT NULL,
    domain text,
    path text,
    query text,
    hash text,
    title text,
    referrer text,
    target_tag text,
    target_class text,
    target_id text,
    target_href text,
    target_text text,
    target_hierarchy text,
    platform text,
    browser text,
    os text,
    device text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_term text,
    utm_content text,
    properties jsonb DEFAULT '{}'::jsonb CONSTRAINT events_properties_not_null NOT NULL,
    CONSTRAINT event_kind_known CHECK ((kind = ANY (ARRAY['custom'::text, 'pageview'::text, 'click'::text, 'change'::text, 'submit'::text]))),
    CONSTRAINT event_time_in_bounds CHECK ((("time" >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND ("time" < '2200-01-01 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE public.events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 50
);

CREATE TABLE public.idempotency_keys (
    environment_id bigint NOT NULL,
    digest uuid NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.ipfilter_excludedip (
    id bigint NOT NULL,
    canonical character varying(79) NOT NULL,
    source character varying(200) NOT NULL,
    note character varying(200) NOT NULL,
    "position" integer NOT NULL,
    added_at timestamp with time zone NOT NULL,
    added_by_id bigint,
    list_id bigint NOT NULL,
    CONSTRAINT ipfilter_excludedip_position_check CHECK (("position" >= 0))
);

ALTER TABLE public.ipfilter_excludedip ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.ipfilter_excludedip_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ipfilter_excludediplist (
    id bigint NOT NULL,
    text text NOT NULL,
    version integer NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    environment_id bigint,
    saved_by_id bigint,
    stamp bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ipfilter_excludediplist_version_check CHECK ((version >= 0))
);

ALTER TABLE public.ipfilter_excludediplist ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.ipfilter_excludediplist_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ipfilter_keptout (
    id bigint NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL,
    last_at timestamp with time zone NOT NULL,
    environment_id bigint NOT NULL,
    rule_id bigint NOT NULL,
    CONSTRAINT ipfilter_keptout_count_check CHECK ((count >= 0)),
    CONSTRAINT keptout_counts_something CHECK ((count > 0))
);

ALTER TABLE public.ipfilter_keptout ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.ipfilter_keptout_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE public.ipfilter_stamp
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.merges (
    environment_id bigint NOT NULL,
    from_actor bigint NOT NULL,
    to_actor bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT merge_from_visitor_to_identity CHECK (((from_actor >= 0) AND (to_actor < 0)))
);

CREATE TABLE public.mfa_authenticator (
    id bigint NOT NULL,
    type character varying(20) NOT NULL,
    data jsonb NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

ALTER TABLE public.mfa_authenticator ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.mfa_authenticator_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.people (
    environment_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    identity text,
    properties jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT person_identity_length CHECK (((length(identity) >= 1) AND (length(identity) <= 255))),
    CONSTRAINT person_identity_when_negative CHECK (((actor_id < 0) = (identity IS NOT NULL))),
    CONSTRAINT person_seen_in_order CHECK ((first_seen_at <= last_seen_at))
);

CREATE TABLE public.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type public.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);

CREATE SEQUENCE public.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_events_id_seq OWNED BY public.procrastinate_events.id;

CREATE SEQUENCE public.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_jobs_id_seq OWNED BY public.procrastinate_jobs.id;

CREATE TABLE public.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);

CREATE SEQUENCE public.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.procrastinate_periodic_defers_id_seq OWNED BY public.procrastinate_periodic_defers.id;

CREATE TABLE public.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.projects_environment (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    app_id character varying(10) NOT NULL,
    is_production boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by_id bigint,
    project_id bigint NOT NULL,
    CONSTRAINT environment_app_id_ten_digits CHECK (((app_id)::text ~ '^[1-9][0-9]{9}$'::text)),
    CONSTRAINT environment_has_a_name CHECK ((NOT ((name)::text = ''::text)))
);

ALTER TABLE public.projects_environment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.projects_environment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.projects_project (
    id bigint NOT NULL,
    name character varying(100) NOT NULL,
    time_zone character varying(64) NOT NULL,
    week_starts_on smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    account_id bigint NOT NULL,
    created_by_id bigint,
    CONSTRAINT project_has_a_name CHECK ((NOT ((name)::text = ''::text))),
    CONSTRAINT project_week_starts_on_a_day CHECK (((week_starts_on >= 1) AND (week_starts_on <= 7))),
    CONSTRAINT projects_project_week_starts_on_check CHECK ((week_starts_on >= 0))
);

ALTER TABLE public.projects_project ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.projects_project_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.rollup_counts (
    environment_id bigint NOT NULL,
    starts timestamp with time zone NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    events bigint NOT NULL,
    people bytea NOT NULL
);

CREATE TABLE public.rollup_days (
    environment_id bigint NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    has_names boolean DEFAULT true NOT NULL,
    CONSTRAINT rollup_day_in_order CHECK ((starts < ends))
);

CREATE TABLE public.rollup_marks (
    environment_id bigint NOT NULL,
    mark timestamp with time zone NOT NULL
);

CREATE TABLE public.rollup_pending (
    environment_id bigint NOT NULL,
    from_actor bigint NOT NULL,
    to_actor bigint NOT NULL
);

CREATE TABLE public.rollup_positions (
    environment_id bigint NOT NULL,
    actor_id bigint NOT NULL,
    "position" integer NOT NULL
);

CREATE TABLE public.rollup_values (
    environment_id bigint NOT NULL,
    starts timestamp with time zone NOT NULL,
    kind text NOT NULL,
    field text NOT NULL,
    labels text[] NOT NULL,
    counts bigint[] NOT NULL
);

CREATE TABLE public.support_accountexport (
    id bigint NOT NULL,
    state character varying(10) NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone,
    digest character varying(64),
    cursor jsonb NOT NULL,
    rows jsonb NOT NULL,
    size_bytes bigint NOT NULL,
    problem character varying(300) NOT NULL,
    account_id bigint NOT NULL,
    asked_by_id bigint,
    mail_to_id bigint,
    CONSTRAINT export_state_known CHECK (((state)::text = ANY ((ARRAY['waiting'::character varying, 'running'::character varying, 'ready'::character varying, 'failed'::character varying, 'expired'::character varying])::text[])))
);

ALTER TABLE public.support_accountexport ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_accountexport_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_closing (
    id bigint NOT NULL,
    account_number bigint NOT NULL,
    account_name character varying(100) NOT NULL,
    asked_by text NOT NULL,
    state character varying(10) NOT NULL,
    grace_days smallint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    grace_until timestamp with time zone NOT NULL,
    reopened_at timestamp with time zone,
    purge_started_at timestamp with time zone,
    done_at timestamp with time zone,
    scope jsonb NOT NULL,
    expected jsonb NOT NULL,
    rows jsonb NOT NULL,
    closed_by_id bigint,
    reopened_by_id bigint,
    CONSTRAINT closing_grace_after_closing CHECK ((grace_until >= closed_at)),
    CONSTRAINT closing_grace_not_too_long CHECK ((grace_days <= 90)),
    CONSTRAINT closing_receipt_is_impersonal CHECK (((NOT ((state)::text = 'done'::text)) OR (((account_name)::text = ''::text) AND (asked_by = ''::text) AND (done_at IS NOT NULL) AND (expected = '{}'::jsonb) AND (scope = '{}'::jsonb)))),
    CONSTRAINT closing_reopened_has_a_time CHECK ((((reopened_at IS NOT NULL) AND ((state)::text = 'reopened'::text)) OR ((NOT ((state)::text = 'reopened'::text)) AND (reopened_at IS NULL)))),
    CONSTRAINT closing_state_known CHECK (((state)::text = ANY ((ARRAY['grace'::character varying, 'purging'::character varying, 'done'::character varying, 'reopened'::character varying])::text[]))),
    CONSTRAINT support_closing_grace_days_check CHECK ((grace_days >= 0))
);

ALTER TABLE public.support_closing ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_closing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_day (
    id bigint NOT NULL,
    component character varying(20) NOT NULL,
    "on" date NOT NULL,
    minutes_up integer NOT NULL,
    minutes_degraded integer NOT NULL,
    minutes_down integer NOT NULL
);

ALTER TABLE public.support_day ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_day_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_exportpart (
    id bigint NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL,
    export_id bigint NOT NULL,
    CONSTRAINT support_exportpart_number_check CHECK ((number >= 0))
);

ALTER TABLE public.support_exportpart ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_exportpart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_incident (
    id bigint NOT NULL,
    title character varying(150) NOT NULL,
    console boolean NOT NULL,
    collection boolean NOT NULL,
    queries boolean NOT NULL,
    impact character varying(10) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT incident_ends_after_its_start CHECK (((ended_at IS NULL) OR (ended_at >= started_at))),
    CONSTRAINT incident_has_a_title CHECK ((NOT ((title)::text = ''::text))),
    CONSTRAINT incident_impact_known CHECK (((impact)::text = ANY ((ARRAY['none'::character varying, 'degraded'::character varying, 'down'::character varying])::text[])))
);

ALTER TABLE public.support_incident ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_incident_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_incidentupdate (
    id bigint NOT NULL,
    text text NOT NULL,
    at timestamp with time zone NOT NULL,
    by_id bigint,
    incident_id bigint NOT NULL,
    CONSTRAINT incidentupdate_has_text CHECK ((NOT (text = ''::text)))
);

ALTER TABLE public.support_incidentupdate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_incidentupdate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_message (
    id bigint NOT NULL,
    kind character varying(20) NOT NULL,
    state character varying(10) NOT NULL,
    name character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    text text NOT NULL,
    page character varying(500) NOT NULL,
    address inet,
    sent_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    account_id bigint,
    by_id bigint,
    environment_id bigint,
    CONSTRAINT message_has_text_and_email CHECK (((NOT (text = ''::text)) AND (NOT ((email)::text = ''::text)))),
    CONSTRAINT message_kind_known CHECK (((kind)::text = ANY ((ARRAY['talk'::character varying, 'close_account'::character varying])::text[]))),
    CONSTRAINT message_state_known CHECK (((state)::text = ANY ((ARRAY['new'::character varying, 'answered'::character varying, 'closed'::character varying])::text[])))
);

ALTER TABLE public.support_message ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_reply (
    id bigint NOT NULL,
    by_name character varying(254) NOT NULL,
    text text NOT NULL,
    written_at timestamp with time zone NOT NULL,
    mailed_at timestamp with time zone,
    by_id bigint,
    message_id bigint NOT NULL,
    CONSTRAINT reply_has_text CHECK ((NOT (text = ''::text)))
);

ALTER TABLE public.support_reply ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_reply_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_sample (
    id bigint NOT NULL,
    component character varying(20) NOT NULL,
    at timestamp with time zone NOT NULL,
    state smallint NOT NULL,
    reason character varying(300) NOT NULL,
    CONSTRAINT sample_component_known CHECK (((component)::text = ANY ((ARRAY['console'::character varying, 'collection'::character varying, 'queries'::character varying])::text[]))),
    CONSTRAINT sample_state_known CHECK ((state = ANY (ARRAY[0, 1, 2])))
);

ALTER TABLE public.support_sample ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_sample_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.support_supportaccess (
    account_id bigint NOT NULL,
    visits_allowed boolean NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by_id bigint
);

CREATE TABLE public.support_visit (
    id bigint NOT NULL,
    by_name character varying(254) NOT NULL,
    reason character varying(500) NOT NULL,
    session_digest character varying(64) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    account_id bigint NOT NULL,
    by_id bigint,
    CONSTRAINT visit_half_an_hour CHECK ((ends_at <= (started_at + '00:30:00'::interval))),
    CONSTRAINT visit_has_a_reason CHECK ((NOT ((reason)::text = ''::text)))
);

ALTER TABLE public.support_visit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.support_visit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.usersessions_usersession (
    id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ip inet NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    session_key character varying(40) NOT NULL,
    user_agent character varying(200) NOT NULL,
    data jsonb NOT NULL,
    user_id bigint NOT NULL
);

ALTER TABLE public.usersessions_usersession ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.usersessions_usersession_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_08 FOR VALUES FROM ('2026-08-01 00:00:00+00') TO ('2026-09-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_09 FOR VALUES FROM ('2026-09-01 00:00:00+00') TO ('2026-10-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_10 FOR VALUES FROM ('2026-10-01 00:00:00+00') TO ('2026-11-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2027_02 FOR VALUES FROM ('2027-02-01 00:00:00+00') TO ('2027-03-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2027_03 FOR VALUES FROM ('2027-03-01 00:00:00+00') TO ('2027-04-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_default DEFAULT;

ALTER TABLE ONLY public.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_events_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_jobs_id_seq'::regclass);

ALTER TABLE ONLY public.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('public.procrastinate_periodic_defers_id_seq'::regclass);

ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_email_987c8728_uniq UNIQUE (user_id, email);

ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_key_key UNIQUE (key);

ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirmation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_account
    ADD CONSTRAINT accounts_account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_activity
    ADD CONSTRAINT accounts_activity_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_emailchange
    ADD CONSTRAINT accounts_emailchange_new_digest_key UNIQUE (new_digest);

ALTER TABLE ONLY public.accounts_emailchange
    ADD CONSTRAINT accounts_emailchange_old_digest_key UNIQUE (old_digest);

ALTER TABLE ONLY public.accounts_emailchange
    ADD CONSTRAINT accounts_emailchange_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_emailchange
    ADD CONSTRAINT accounts_emailchange_user_id_key UNIQUE (user_id);

ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_rescue
    ADD CONSTRAINT accounts_rescue_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.accounts_rescue
    ADD CONSTRAINT accounts_rescue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_user_id_group_id_59c0b32f_uniq UNIQUE (user_id, group_id);

ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT accounts_user_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_permi_user_id_permission_id_2ab516c2_uniq UNIQUE (user_id, permission_id);

ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT analytics_definition_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT analytics_pin_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT analytics_pin_report_id_key UNIQUE (report_id);

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT analytics_report_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT analytics_segment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cache_entries
    ADD CONSTRAINT cache_entries_pkey PRIMARY KEY (cache_key);

ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (environment_id, account_id);

ALTER TABLE ONLY public.support_day
    ADD CONSTRAINT day_once_per_component UNIQUE (component, "on");

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT definition_environment_and_id UNIQUE (environment_id, id);

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT definition_lineage_once_per_environment UNIQUE (environment_id, lineage);

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2026_08
    ADD CONSTRAINT events_2026_08_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2026_09
    ADD CONSTRAINT events_2026_09_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2026_10
    ADD CONSTRAINT events_2026_10_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2026_11
    ADD CONSTRAINT events_2026_11_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2026_12
    ADD CONSTRAINT events_2026_12_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2027_01
    ADD CONSTRAINT events_2027_01_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2027_02
    ADD CONSTRAINT events_2027_02_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_2027_03
    ADD CONSTRAINT events_2027_03_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.events_default
    ADD CONSTRAINT events_default_pkey PRIMARY KEY (environment_id, "time", id);

ALTER TABLE ONLY public.ipfilter_excludedip
    ADD CONSTRAINT excludedip_once_per_list UNIQUE (list_id, canonical);

ALTER TABLE ONLY public.support_exportpart
    ADD CONSTRAINT exportpart_number_once UNIQUE (export_id, number);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (environment_id, digest);

ALTER TABLE ONLY public.ipfilter_excludedip
    ADD CONSTRAINT ipfilter_excludedip_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ipfilter_excludediplist
    ADD CONSTRAINT ipfilter_excludediplist_environment_id_key UNIQUE (environment_id);

ALTER TABLE ONLY public.ipfilter_excludediplist
    ADD CONSTRAINT ipfilter_excludediplist_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ipfilter_keptout
    ADD CONSTRAINT ipfilter_keptout_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ipfilter_keptout
    ADD CONSTRAINT keptout_once_per_day UNIQUE (rule_id, environment_id, day);

ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT membership_once_per_account UNIQUE (account_id, user_id);

ALTER TABLE ONLY public.merges
    ADD CONSTRAINT merges_pkey PRIMARY KEY (environment_id, from_actor);

ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (environment_id, actor_id);

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT pin_position_once_per_environment UNIQUE (environment_id, "position") DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);

ALTER TABLE ONLY public.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.projects_environment
    ADD CONSTRAINT projects_environment_app_id_key UNIQUE (app_id);

ALTER TABLE ONLY public.projects_environment
    ADD CONSTRAINT projects_environment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.projects_project
    ADD CONSTRAINT projects_project_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT report_environment_and_id UNIQUE (environment_id, id);

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT report_lineage_once_per_environment UNIQUE (environment_id, lineage);

ALTER TABLE ONLY public.rollup_counts
    ADD CONSTRAINT rollup_counts_pkey PRIMARY KEY (environment_id, kind, name, starts);

ALTER TABLE ONLY public.rollup_days
    ADD CONSTRAINT rollup_days_pkey PRIMARY KEY (environment_id, starts);

ALTER TABLE ONLY public.rollup_marks
    ADD CONSTRAINT rollup_marks_pkey PRIMARY KEY (environment_id);

ALTER TABLE ONLY public.rollup_pending
    ADD CONSTRAINT rollup_pending_pkey PRIMARY KEY (environment_id, from_actor);

ALTER TABLE ONLY public.rollup_positions
    ADD CONSTRAINT rollup_positions_environment_id_position_key UNIQUE (environment_id, "position");

ALTER TABLE ONLY public.rollup_positions
    ADD CONSTRAINT rollup_positions_pkey PRIMARY KEY (environment_id, actor_id);

ALTER TABLE ONLY public.rollup_values
    ADD CONSTRAINT rollup_values_pkey PRIMARY KEY (environment_id, kind, field, starts);

ALTER TABLE ONLY public.support_sample
    ADD CONSTRAINT sample_once_a_minute UNIQUE (component, at);

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT segment_environment_and_id UNIQUE (environment_id, id);

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT segment_lineage_once_per_environment UNIQUE (environment_id, lineage);

ALTER TABLE ONLY public.support_accountexport
    ADD CONSTRAINT support_accountexport_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.support_accountexport
    ADD CONSTRAINT support_accountexport_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_closing
    ADD CONSTRAINT support_closing_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_day
    ADD CONSTRAINT support_day_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_exportpart
    ADD CONSTRAINT support_exportpart_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_incident
    ADD CONSTRAINT support_incident_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_incidentupdate
    ADD CONSTRAINT support_incidentupdate_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_message
    ADD CONSTRAINT support_message_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_reply
    ADD CONSTRAINT support_reply_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_sample
    ADD CONSTRAINT support_sample_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.support_supportaccess
    ADD CONSTRAINT support_supportaccess_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.support_visit
    ADD CONSTRAINT support_visit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts_user
    ADD CONSTRAINT user_email_unique UNIQUE (email);

ALTER TABLE ONLY public.usersessions_usersession
    ADD CONSTRAINT usersessions_usersession_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usersessions_usersession
    ADD CONSTRAINT usersessions_usersession_session_key_key UNIQUE (session_key);

CREATE INDEX account_emailaddress_email_03be32b2 ON public.account_emailaddress USING btree (email);

CREATE INDEX account_emailaddress_email_03be32b2_like ON public.account_emailaddress USING btree (email varchar_pattern_ops);

CREATE INDEX account_emailaddress_user_id_2c513194 ON public.account_emailaddress USING btree (user_id);

CREATE INDEX account_emailconfirmation_email_address_id_5b7f8c58 ON public.account_emailconfirmation USING btree (email_address_id);

CREATE INDEX account_emailconfirmation_key_f43612bd_like ON public.account_emailconfirmation USING btree (key varchar_pattern_ops);

CREATE INDEX accounts_activity_account_id_d7522568 ON public.accounts_activity USING btree (account_id);

CREATE INDEX accounts_activity_by_id_575558ec ON public.accounts_activity USING btree (by_id);

CREATE INDEX accounts_emailchange_new_digest_dea34d63_like ON public.accounts_emailchange USING btree (new_digest varchar_pattern_ops);

CREATE INDEX accounts_emailchange_old_digest_d2f1ae75_like ON public.accounts_emailchange USING btree (old_digest varchar_pattern_ops);

CREATE INDEX accounts_invitation_accepted_by_id_ba632539 ON public.accounts_invitation USING btree (accepted_by_id);

CREATE INDEX accounts_invitation_account_id_8e9dd036 ON public.accounts_invitation USING btree (account_id);

CREATE INDEX accounts_invitation_digest_4d068cc1_like ON public.accounts_invitation USING btree (digest varchar_pattern_ops);

CREATE INDEX accounts_invitation_invited_by_id_94a21efc ON public.accounts_invitation USING btree (invited_by_id);

CREATE INDEX accounts_membership_account_id_4cff857d ON public.accounts_membership USING btree (account_id);

CREATE INDEX accounts_membership_invited_by_id_343e11d6 ON public.accounts_membership USING btree (invited_by_id);

CREATE INDEX accounts_membership_user_id_487fb39e ON public.accounts_membership USING btree (user_id);

CREATE INDEX accounts_rescue_digest_34aa880b_like ON public.accounts_rescue USING btree (digest varchar_pattern_ops);

CREATE INDEX accounts_rescue_user_id_19368678 ON public.accounts_rescue USING btree (user_id);

CREATE INDEX accounts_user_groups_group_id_bd11a704 ON public.accounts_user_groups USING btree (group_id);

CREATE INDEX accounts_user_groups_user_id_52b62117 ON public.accounts_user_groups USING btree (user_id);

CREATE INDEX accounts_user_user_permissions_permission_id_113bb443 ON public.accounts_user_user_permissions USING btree (permission_id);

CREATE INDEX accounts_user_user_permissions_user_id_e4f0a161 ON public.accounts_user_user_permissions USING btree (user_id);

CREATE INDEX activity_by_account ON public.accounts_activity USING btree (account_id, at DESC, id DESC);

CREATE INDEX analytics_definition_changed_by_id_3f5ffee6 ON public.analytics_definition USING btree (changed_by_id);

CREATE INDEX analytics_definition_created_by_id_b67cd0ad ON public.analytics_definition USING btree (created_by_id);

CREATE INDEX analytics_definition_environment_id_540a8fe6 ON public.analytics_definition USING btree (environment_id);

CREATE INDEX analytics_pin_environment_id_0c32278b ON public.analytics_pin USING btree (environment_id);

CREATE INDEX analytics_report_changed_by_id_226e0245 ON public.analytics_report USING btree (changed_by_id);

CREATE INDEX analytics_report_created_by_id_7d990fe5 ON public.analytics_report USING btree (created_by_id);

CREATE INDEX analytics_report_environment_id_b50b1d4e ON public.analytics_report USING btree (environment_id);

CREATE INDEX analytics_segment_changed_by_id_d5952226 ON public.analytics_segment USING btree (changed_by_id);

CREATE INDEX analytics_segment_created_by_id_e7e48729 ON public.analytics_segment USING btree (created_by_id);

CREATE INDEX analytics_segment_environment_id_efed533f ON public.analytics_segment USING btree (environment_id);

CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);

CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);

CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);

CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);

CREATE INDEX cache_entries_expires ON public.cache_entries USING btree (expires);

CREATE INDEX closing_by_state ON public.support_closing USING btree (state, grace_until);

CREATE UNIQUE INDEX closing_once_per_account ON public.support_closing USING btree (account_number) WHERE (NOT ((state)::text = 'reopened'::text));

CREATE INDEX definition_by_name ON public.analytics_definition USING btree (environment_id, name);

CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);

CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);

CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);

CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);

CREATE UNIQUE INDEX environment_name_once_per_project ON public.projects_environment USING btree (project_id, lower((name)::text));

CREATE UNIQUE INDEX environment_one_production ON public.projects_environment USING btree (project_id) WHERE is_production;

CREATE INDEX events_by_actor ON ONLY public.events USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2026_08_environment_id_actor_id_time_idx ON public.events_2026_08 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_by_name ON ONLY public.events USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2026_08_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2026_08 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_late ON ONLY public.events USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2026_08_environment_id_received_at_time_idx ON public.events_2026_08 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2026_09_environment_id_actor_id_time_idx ON public.events_2026_09 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2026_09_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2026_09 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2026_09_environment_id_received_at_time_idx ON public.events_2026_09 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2026_10_environment_id_actor_id_time_idx ON public.events_2026_10 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2026_10_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2026_10 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2026_10_environment_id_received_at_time_idx ON public.events_2026_10 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2026_11_environment_id_actor_id_time_idx ON public.events_2026_11 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2026_11_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2026_11 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2026_11_environment_id_received_at_time_idx ON public.events_2026_11 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2026_12_environment_id_actor_id_time_idx ON public.events_2026_12 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2026_12_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2026_12 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2026_12_environment_id_received_at_time_idx ON public.events_2026_12 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2027_01_environment_id_actor_id_time_idx ON public.events_2027_01 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2027_01_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2027_01 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2027_01_environment_id_received_at_time_idx ON public.events_2027_01 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2027_02_environment_id_actor_id_time_idx ON public.events_2027_02 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2027_02_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2027_02 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2027_02_environment_id_received_at_time_idx ON public.events_2027_02 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_2027_03_environment_id_actor_id_time_idx ON public.events_2027_03 USING btree (environment_id, actor_id, "time");

CREATE INDEX events_2027_03_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_2027_03 USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_2027_03_environment_id_received_at_time_idx ON public.events_2027_03 USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE INDEX events_default_environment_id_actor_id_time_idx ON public.events_default USING btree (environment_id, actor_id, "time");

CREATE INDEX events_default_environment_id_kind_name_time_actor_id_sessi_idx ON public.events_default USING btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id);

CREATE INDEX events_default_environment_id_received_at_time_idx ON public.events_default USING btree (environment_id, received_at) INCLUDE ("time") WHERE ((received_at - "time") > '01:00:00'::interval);

CREATE UNIQUE INDEX excludediplist_one_account_list ON public.ipfilter_excludediplist USING btree (account_id) WHERE (environment_id IS NULL);

CREATE INDEX export_by_account ON public.support_accountexport USING btree (account_id, asked_at DESC);

CREATE UNIQUE INDEX export_one_at_a_time ON public.support_accountexport USING btree (account_id) WHERE ((state)::text = ANY ((ARRAY['waiting'::character varying, 'running'::character varying])::text[]));

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING brin (at);

CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::public.procrastinate_job_status));

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);

CREATE INDEX incident_by_start ON public.support_incident USING btree (started_at DESC);

CREATE INDEX invitation_by_account ON public.accounts_invitation USING btree (account_id, created_at DESC, id DESC);

CREATE UNIQUE INDEX invitation_one_open_per_address ON public.accounts_invitation USING btree (account_id, email) WHERE ((accepted_at IS NULL) AND (declined_at IS NULL) AND (revoked_at IS NULL));

CREATE INDEX ipfilter_excludedip_added_by_id_328c6c95 ON public.ipfilter_excludedip USING btree (added_by_id);

CREATE INDEX ipfilter_excludedip_list_id_9a90e404 ON public.ipfilter_excludedip USING btree (list_id);

CREATE INDEX ipfilter_excludediplist_account_id_708d4cfb ON public.ipfilter_excludediplist USING btree (account_id);

CREATE INDEX ipfilter_excludediplist_saved_by_id_011247c0 ON public.ipfilter_excludediplist USING btree (saved_by_id);

CREATE INDEX ipfilter_keptout_environment_id_9a2217e8 ON public.ipfilter_keptout USING btree (environment_id);

CREATE INDEX ipfilter_keptout_rule_id_fb27fc0c ON public.ipfilter_keptout USING btree (rule_id);

CREATE INDEX merges_by_identity ON public.merges USING btree (environment_id, to_actor);

CREATE INDEX message_by_address ON public.support_message USING btree (address, sent_at);

CREATE INDEX message_by_email ON public.support_message USING btree (email, sent_at);

CREATE INDEX message_by_state ON public.support_message USING btree (state, sent_at DESC);

CREATE INDEX mfa_authenticator_user_id_0c3a50c0 ON public.mfa_authenticator USING btree (user_id);

CREATE INDEX people_by_last_seen ON public.people USING btree (environment_id, last_seen_at, actor_id);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);

CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::public.procrastinate_job_status, 'doing'::public.procrastinate_job_status]));

CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);

CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::public.procrastinate_job_status);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);

CREATE UNIQUE INDEX project_name_once_per_account ON public.projects_project USING btree (account_id, lower((name)::text));

CREATE INDEX projects_environment_app_id_c1c4ffd9_like ON public.projects_environment USING btree (app_id varchar_pattern_ops);

CREATE INDEX projects_environment_created_by_id_cbf36f22 ON public.projects_environment USING btree (created_by_id);

CREATE INDEX projects_environment_project_id_007d1a2f ON public.projects_environment USING btree (project_id);

CREATE INDEX projects_project_account_id_af614496 ON public.projects_project USING btree (account_id);

CREATE INDEX projects_project_created_by_id_c49d7b6d ON public.projects_project USING btree (created_by_id);

CREATE INDEX report_by_name ON public.analytics_report USING btree (environment_id, name);

CREATE INDEX rollup_counts_by_day ON public.rollup_counts USING btree (environment_id, starts);

CREATE INDEX rollup_values_by_day ON public.rollup_values USING btree (environment_id, starts);

CREATE INDEX sample_by_time ON public.support_sample USING btree (at);

CREATE INDEX segment_by_name ON public.analytics_segment USING btree (environment_id, name);

CREATE INDEX support_accountexport_account_id_00ca03ee ON public.support_accountexport USING btree (account_id);

CREATE INDEX support_accountexport_asked_by_id_bc52395d ON public.support_accountexport USING btree (asked_by_id);

CREATE INDEX support_accountexport_digest_08d410a1_like ON public.support_accountexport USING btree (digest varchar_pattern_ops);

CREATE INDEX support_accountexport_mail_to_id_f4e64453 ON public.support_accountexport USING btree (mail_to_id);

CREATE INDEX support_closing_closed_by_id_d35eff5e ON public.support_closing USING btree (closed_by_id);

CREATE INDEX support_closing_reopened_by_id_3e7456e7 ON public.support_closing USING btree (reopened_by_id);

CREATE INDEX support_exportpart_export_id_801db0e5 ON public.support_exportpart USING btree (export_id);

CREATE INDEX support_incidentupdate_by_id_96acad41 ON public.support_incidentupdate USING btree (by_id);

CREATE INDEX support_incidentupdate_incident_id_a3ec7a69 ON public.support_incidentupdate USING btree (incident_id);

CREATE INDEX support_message_account_id_119a40f7 ON public.support_message USING btree (account_id);

CREATE INDEX support_message_by_id_77394f25 ON public.support_message USING btree (by_id);

CREATE INDEX support_message_environment_id_2b1100e6 ON public.support_message USING btree (environment_id);

CREATE INDEX support_reply_by_id_f2403f49 ON public.support_reply USING btree (by_id);

CREATE INDEX support_reply_message_id_eb9348e8 ON public.support_reply USING btree (message_id);

CREATE INDEX support_supportaccess_changed_by_id_5f72600c ON public.support_supportaccess USING btree (changed_by_id);

CREATE INDEX support_visit_account_id_76d98a28 ON public.support_visit USING btree (account_id);

CREATE INDEX support_visit_by_id_d5478e2e ON public.support_visit USING btree (by_id);

CREATE UNIQUE INDEX unique_authenticator_type ON public.mfa_authenticator USING btree (user_id, type) WHERE ((type)::text = ANY ((ARRAY['totp'::character varying, 'recovery_codes'::character varying])::text[]));

CREATE UNIQUE INDEX unique_primary_email ON public.account_emailaddress USING btree (user_id, "primary") WHERE "primary";

CREATE UNIQUE INDEX unique_verified_email ON public.account_emailaddress USING btree (email) WHERE verified;

CREATE INDEX usersessions_usersession_session_key_fd35de43_like ON public.usersessions_usersession USING btree (session_key varchar_pattern_ops);

CREATE INDEX usersessions_usersession_user_id_af5e0a6d ON public.usersessions_usersession USING btree (user_id);

CREATE INDEX visit_by_account ON public.support_visit USING btree (account_id, started_at DESC);

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2026_08_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2026_08_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2026_08_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_08_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2026_09_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2026_09_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2026_09_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_09_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2026_10_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2026_10_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2026_10_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_10_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2026_11_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2026_11_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2026_11_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_11_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2026_12_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2026_12_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2026_12_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_12_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2027_01_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2027_01_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2027_01_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2027_01_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2027_02_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2027_02_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2027_02_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2027_02_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_2027_03_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_2027_03_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_2027_03_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2027_03_pkey;

ALTER INDEX public.events_by_actor ATTACH PARTITION public.events_default_environment_id_actor_id_time_idx;

ALTER INDEX public.events_by_name ATTACH PARTITION public.events_default_environment_id_kind_name_time_actor_id_sessi_idx;

ALTER INDEX public.events_late ATTACH PARTITION public.events_default_environment_id_received_at_time_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_default_pkey;

CREATE TRIGGER account_directory_changed AFTER DELETE OR UPDATE OF closed_at ON public.accounts_account FOR EACH STATEMENT EXECUTE FUNCTION public.directory_changed();

CREATE CONSTRAINT TRIGGER account_keeps_full_access AFTER DELETE OR UPDATE ON public.accounts_membership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((NOT old.read_only)) EXECUTE FUNCTION public.membership_lost();

CREATE CONSTRAINT TRIGGER account_keeps_full_access AFTER UPDATE ON public.accounts_user DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.is_active AND (NOT new.is_active))) EXECUTE FUNCTION public.login_switched_off();

CREATE TRIGGER activity_is_append_only BEFORE DELETE OR UPDATE ON public.accounts_activity FOR EACH ROW EXECUTE FUNCTION public.activity_is_append_only();

CREATE TRIGGER environment_directory_changed AFTER INSERT OR DELETE OR UPDATE ON public.projects_environment FOR EACH STATEMENT EXECUTE FUNCTION public.directory_changed();

CREATE TRIGGER excludedip_directory_changed AFTER INSERT OR DELETE OR UPDATE ON public.ipfilter_excludedip FOR EACH STATEMENT EXECUTE FUNCTION public.directory_changed();

CREATE TRIGGER excludedip_stamp_delete AFTER DELETE ON public.ipfilter_excludedip REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION public.excludedip_stamp();

CREATE TRIGGER excludedip_stamp_insert AFTER INSERT ON public.ipfilter_excludedip REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION public.excludedip_stamp();

CREATE TRIGGER excludedip_stamp_update AFTER UPDATE ON public.ipfilter_excludedip REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION public.excludedip_stamp();

CREATE TRIGGER excludedip_stamp_update_from AFTER UPDATE ON public.ipfilter_excludedip REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION public.excludedip_stamp();

CREATE TRIGGER excludediplist_directory_changed AFTER DELETE ON public.ipfilter_excludediplist FOR EACH STATEMENT EXECUTE FUNCTION public.directory_changed();

CREATE TRIGGER excludediplist_stays_in_its_account AFTER INSERT OR UPDATE OF account_id, environment_id ON public.ipfilter_excludediplist FOR EACH ROW WHEN ((new.environment_id IS NOT NULL)) EXECUTE FUNCTION public.excludediplist_stays_in_its_account();

CREATE TRIGGER excludediplist_stays_in_its_account AFTER UPDATE OF project_id ON public.projects_environment FOR EACH ROW WHEN ((old.project_id <> new.project_id)) EXECUTE FUNCTION public.excludediplist_stays_in_its_account();

CREATE TRIGGER excludediplist_stays_in_its_account AFTER UPDATE OF account_id ON public.projects_project FOR EACH ROW WHEN ((old.account_id <> new.account_id)) EXECUTE FUNCTION public.excludediplist_stays_in_its_account();

CREATE TRIGGER forget_counted AFTER DELETE ON public.events REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.forget_counted();

CREATE TRIGGER forget_merges AFTER DELETE ON public.merges REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.forget_merges();

CREATE TRIGGER note_merges AFTER INSERT ON public.merges REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION public.note_merges();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_notify_queue_abort_job_v1();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_notify_queue_job_inserted_v1();

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION public.procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_unlink_periodic_defers_v1();

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON public.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::public.procrastinate_job_status))) EXECUTE FUNCTION public.procrastinate_trigger_function_scheduled_events_v1();

CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON public.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::public.procrastinate_job_status)) EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_insert_v1();

CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON public.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION public.procrastinate_trigger_function_status_events_update_v1();

ALTER TABLE ONLY public.account_emailaddress
    ADD CONSTRAINT account_emailaddress_user_id_2c513194_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.account_emailconfirmation
    ADD CONSTRAINT account_emailconfirm_email_address_id_5b7f8c58_fk_account_e FOREIGN KEY (email_address_id) REFERENCES public.account_emailaddress(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_activity
    ADD CONSTRAINT accounts_activity_account_id_d7522568_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_emailchange
    ADD CONSTRAINT accounts_emailchange_user_id_7a5ccb00_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_accepted_by_id_ba632539_fk_accounts_user_id FOREIGN KEY (accepted_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_account_id_8e9dd036_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_invitation
    ADD CONSTRAINT accounts_invitation_invited_by_id_94a21efc_fk_accounts_user_id FOREIGN KEY (invited_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_account_id_4cff857d_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_invited_by_id_343e11d6_fk_accounts_user_id FOREIGN KEY (invited_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_membership
    ADD CONSTRAINT accounts_membership_user_id_487fb39e_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_rescue
    ADD CONSTRAINT accounts_rescue_user_id_19368678_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_group_id_bd11a704_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_user_groups
    ADD CONSTRAINT accounts_user_groups_user_id_52b62117_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_p_permission_id_113bb443_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.accounts_user_user_permissions
    ADD CONSTRAINT accounts_user_user_p_user_id_e4f0a161_fk_accounts_ FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT analytics_definition_changed_by_id_3f5ffee6_fk_accounts_user_id FOREIGN KEY (changed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT analytics_definition_created_by_id_b67cd0ad_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_definition
    ADD CONSTRAINT analytics_definition_environment_id_540a8fe6_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT analytics_pin_environment_id_0c32278b_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT analytics_pin_report_id_d135a81c_fk_analytics_report_id FOREIGN KEY (report_id) REFERENCES public.analytics_report(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT analytics_report_changed_by_id_226e0245_fk_accounts_user_id FOREIGN KEY (changed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT analytics_report_created_by_id_7d990fe5_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_report
    ADD CONSTRAINT analytics_report_environment_id_b50b1d4e_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT analytics_segment_changed_by_id_d5952226_fk_accounts_user_id FOREIGN KEY (changed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT analytics_segment_created_by_id_e7e48729_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_segment
    ADD CONSTRAINT analytics_segment_environment_id_efed533f_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_excludedip
    ADD CONSTRAINT ipfilter_excludedip_added_by_id_328c6c95_fk_accounts_user_id FOREIGN KEY (added_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_excludedip
    ADD CONSTRAINT ipfilter_excludedip_list_id_9a90e404_fk_ipfilter_ FOREIGN KEY (list_id) REFERENCES public.ipfilter_excludediplist(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_excludediplist
    ADD CONSTRAINT ipfilter_excludedipl_account_id_708d4cfb_fk_accounts_ FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_excludediplist
    ADD CONSTRAINT ipfilter_excludedipl_environment_id_c87b3a4f_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_excludediplist
    ADD CONSTRAINT ipfilter_excludedipl_saved_by_id_011247c0_fk_accounts_ FOREIGN KEY (saved_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_keptout
    ADD CONSTRAINT ipfilter_keptout_environment_id_9a2217e8_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.ipfilter_keptout
    ADD CONSTRAINT ipfilter_keptout_rule_id_fb27fc0c_fk_ipfilter_excludedip_id FOREIGN KEY (rule_id) REFERENCES public.ipfilter_excludedip(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.mfa_authenticator
    ADD CONSTRAINT mfa_authenticator_user_id_0c3a50c0_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.analytics_pin
    ADD CONSTRAINT pin_and_report_of_one_environment FOREIGN KEY (environment_id, report_id) REFERENCES public.analytics_report(environment_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES public.procrastinate_workers(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.procrastinate_jobs(id);

ALTER TABLE ONLY public.projects_environment
    ADD CONSTRAINT projects_environment_created_by_id_cbf36f22_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.projects_environment
    ADD CONSTRAINT projects_environment_project_id_007d1a2f_fk_projects_project_id FOREIGN KEY (project_id) REFERENCES public.projects_project(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.projects_project
    ADD CONSTRAINT projects_project_account_id_af614496_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.projects_project
    ADD CONSTRAINT projects_project_created_by_id_c49d7b6d_fk_accounts_user_id FOREIGN KEY (created_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.rollup_counts
    ADD CONSTRAINT rollup_counts_environment_id_starts_fkey FOREIGN KEY (environment_id, starts) REFERENCES public.rollup_days(environment_id, starts) ON DELETE CASCADE;

ALTER TABLE ONLY public.rollup_days
    ADD CONSTRAINT rollup_days_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.rollup_marks
    ADD CONSTRAINT rollup_marks_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.rollup_positions
    ADD CONSTRAINT rollup_positions_environment_id_fkey FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.rollup_values
    ADD CONSTRAINT rollup_values_environment_id_starts_fkey FOREIGN KEY (environment_id, starts) REFERENCES public.rollup_days(environment_id, starts) ON DELETE CASCADE;

ALTER TABLE ONLY public.support_accountexport
    ADD CONSTRAINT support_accountexpor_account_id_00ca03ee_fk_accounts_ FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_accountexport
    ADD CONSTRAINT support_accountexport_asked_by_id_bc52395d_fk_accounts_user_id FOREIGN KEY (asked_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_accountexport
    ADD CONSTRAINT support_accountexport_mail_to_id_f4e64453_fk_accounts_user_id FOREIGN KEY (mail_to_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_closing
    ADD CONSTRAINT support_closing_closed_by_id_d35eff5e_fk_accounts_user_id FOREIGN KEY (closed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_closing
    ADD CONSTRAINT support_closing_reopened_by_id_3e7456e7_fk_accounts_user_id FOREIGN KEY (reopened_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_exportpart
    ADD CONSTRAINT support_exportpart_export_id_801db0e5_fk_support_a FOREIGN KEY (export_id) REFERENCES public.support_accountexport(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_incidentupdate
    ADD CONSTRAINT support_incidentupda_incident_id_a3ec7a69_fk_support_i FOREIGN KEY (incident_id) REFERENCES public.support_incident(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_incidentupdate
    ADD CONSTRAINT support_incidentupdate_by_id_96acad41_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_message
    ADD CONSTRAINT support_message_account_id_119a40f7_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_message
    ADD CONSTRAINT support_message_by_id_77394f25_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_message
    ADD CONSTRAINT support_message_environment_id_2b1100e6_fk_projects_ FOREIGN KEY (environment_id) REFERENCES public.projects_environment(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_reply
    ADD CONSTRAINT support_reply_by_id_f2403f49_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_reply
    ADD CONSTRAINT support_reply_message_id_eb9348e8_fk_support_message_id FOREIGN KEY (message_id) REFERENCES public.support_message(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_supportaccess
    ADD CONSTRAINT support_supportacces_account_id_48e92968_fk_accounts_ FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_supportaccess
    ADD CONSTRAINT support_supportacces_changed_by_id_5f72600c_fk_accounts_ FOREIGN KEY (changed_by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_visit
    ADD CONSTRAINT support_visit_account_id_76d98a28_fk_accounts_account_id FOREIGN KEY (account_id) REFERENCES public.accounts_account(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.support_visit
    ADD CONSTRAINT support_visit_by_id_d5478e2e_fk_accounts_user_id FOREIGN KEY (by_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.usersessions_usersession
    ADD CONSTRAINT usersessions_usersession_user_id_af5e0a6d_fk_accounts_user_id FOREIGN KEY (user_id) REFERENCES public.accounts_user(id) DEFERRABLE INITIALLY DEFERRED;

insert into public.django_migrations (app, name, applied) values
('contenttypes', '0001_initial', '2026-11-28'),
('contenttypes', '0002_remove_content_type_name', '2026-11-28'),
('auth', '0001_initial', '2026-11-28'),
('auth', '0002_alter_permission_name_max_length', '2026-11-28'),
('auth', '0003_alter_user_email_max_length', '2026-11-28'),
('auth', '0004_alter_user_username_opts', '2026-11-28'),
('auth', '0005_alter_user_last_login_null', '2026-11-28'),
('auth', '0006_require_contenttypes_0002', '2026-11-28'),
('auth', '0007_alter_validators_add_error_messages', '2026-11-28'),
('auth', '0008_alter_user_username_max_length', '2026-11-28'),
('auth', '0009_alter_user_last_name_max_length', '2026-11-28'),
('auth', '0010_alter_group_name_max_length', '2026-11-28'),
('auth', '0011_update_proxy_permissions', '2026-11-28'),
('auth', '0012_alter_user_first_name_max_length', '2026-11-28'),
('accounts', '0001_first', '2026-11-28'),
('account', '0001_initial', '2026-11-28'),
('account', '0002_email_max_length', '2026-11-28'),
('account', '0003_alter_emailaddress_create_unique_verified_email', '2026-11-28'),
('account', '0004_alter_emailaddress_drop_unique_email', '2026-11-28'),
('account', '0005_emailaddress_idx_upper_email', '2026-11-28'),
('account', '0006_emailaddress_lower', '2026-11-28'),
('account', '0007_emailaddress_idx_email', '2026-11-28'),
('account', '0008_emailaddress_unique_primary_email_fixup', '2026-11-28'),
('account', '0009_emailaddress_unique_primary_email', '2026-11-28'),
('accounts', '0002_directory_changes', '2026-11-28'),
('accounts', '0003_invitations_and_settings', '2026-11-28'),
('accounts', '0004_full_access_and_activity_guards', '2026-11-28'),
('accounts', '0005_shared_cache', '2026-11-28'),
('admin', '0001_initial', '2026-11-28'),
('admin', '0002_logentry_remove_auto_add', '2026-11-28'),
('admin', '0003_logentry_add_action_flag_choices', '2026-11-28'),
('projects', '0001_first', '2026-11-28'),
('projects', '0002_directory_changes', '2026-11-28'),
('analytics', '0001_kept_things', '2026-11-28'),
('events', '0001_tables', '2026-11-28'),
('events', '0002_collect', '2026-11-28'),
('ipfilter', '0001_first', '2026-11-28'),
('ipfilter', '0002_directory_changes', '2026-11-28'),
('mfa', '0001_initial', '2026-11-28'),
('mfa', '0002_authenticator_timestamps', '2026-11-28'),
('mfa', '0003_authenticator_type_uniq', '2026-11-28'),
('procrastinate', '0001_initial', '2026-11-28'),
('procrastinate', '0002_drop_started_at_column', '2026-11-28'),
('procrastinate', '0003_drop_started_at_column', '2026-11-28'),
('procrastinate', '0004_drop_procrastinate_version_table', '2026-11-28'),
('procrastinate', '0005_fix_procrastinate_fetch_job', '2026-11-28'),
('procrastinate', '0006_fix_trigger_status_events_insert', '2026-11-28'),
('procrastinate', '0007_add_queueing_lock_column', '2026-11-28'),
('procrastinate', '0008_close_fetch_job_race_condition', '2026-11-28'),
('procrastinate', '0009_add_defer_job_function', '2026-11-28'),
('procrastinate', '0010_add_procrastinate_periodic_defers', '2026-11-28'),
('procrastinate', '0011_add_foreign_key_index', '2026-11-28'),
('procrastinate', '0012_add_locks_to_periodic_defer', '2026-11-28'),
('procrastinate', '0013_fix_procrastinate_defer_periodic_job', '2026-11-28'),
('procrastinate', '0014_add_finish_job_and_retry_job_functions', '2026-11-28'),
('procrastinate', '0015_add_trigger_on_job_deletion', '2026-11-28'),
('procrastinate', '0016_delete_finished_jobs', '2026-11-28'),
('procrastinate', '0017_add_checks_to_finish_job', '2026-11-28'),
('procrastinate', '0018_add_checks_to_retry_job', '2026-11-28'),
('procrastinate', '0019_fix_finish_job_compat_issue', '2026-11-28'),
('procrastinate', '0020_add_index_on_procrastinate_jobs', '2026-11-28'),
('procrastinate', '0021_add_kwargs_to_defer_periodic_job', '2026-11-28'),
('procrastinate', '0022_null_locks_excluded', '2026-11-28'),
('procrastinate', '0023_remove_old_finish_job_function', '2026-11-28'),
('procrastinate', '0024_job_id_bigint', '2026-11-28'),
('procrastinate', '0025_add_models', '2026-11-28'),
('procrastinate', '0026_add_job_priority', '2026-11-28'),
('procrastinate', '0027_add_periodic_job_priority', '2026-11-28'),
('procrastinate', '0028_add_cancel_states', '2026-11-28'),
('procrastinate', '0029_add_additional_params_to_retry_job', '2026-11-28'),
('procrastinate', '0030_alter_procrastinateevent_options', '2026-11-28'),
('procrastinate', '0031_add_indexes_for_fetch_job', '2026-11-28'),
('procrastinate', '0032_pre_cancel_notification', '2026-11-28'),
('procrastinate', '0033_post_cancel_notification', '2026-11-28'),
('procrastinate', '0034_pre_add_heartbeat', '2026-11-28'),
('procrastinate', '0035_post_add_heartbeat', '2026-11-28'),
('procrastinate', '0036_add_worker_model', '2026-11-28'),
('procrastinate', '0037_pre_batch_defer_jobs', '2026-11-28'),
('procrastinate', '0038_post_batch_defer_jobs', '2026-11-28'),
('procrastinate', '0039_pre_priority_lock_fetch_job', '2026-11-28'),
('procrastinate', '0040_pre_retry_failed_job', '2026-11-28'),
('procrastinate', '0041_post_retry_failed_job', '2026-11-28'),
('sessions', '0001_initial', '2026-11-28'),
('support', '0001_messages_and_status', '2026-11-28'),
('support', '0002_closing_visits_exports', '2026-11-28'),
('usersessions', '0001_initial', '2026-11-28'),
('analytics', '0002_rollups', '2026-11-28'),
('ipfilter', '0003_stamps_and_guards', '2026-11-28');

insert into public.accounts_account (id, name, created_at, require_second_factor, time_zone, who_may_invite)
values (1, 'Shop', '2026-11-20 12:00+00', false, 'UTC', 'full');
insert into public.projects_project (id, name, time_zone, week_starts_on, created_at, account_id)
values (1, 'Shop', 'UTC', 1, '2026-11-20 12:00+00', 1);
insert into public.projects_environment (id, name, app_id, is_production, created_at, project_id)
values (1, 'Production', '1234567890', true, '2026-11-20 12:00+00', 1);
insert into public.rollup_marks (environment_id, mark) values (1, '2026-11-22 00:00+00');
insert into public.rollup_days (environment_id, starts, ends) values (1, '2026-11-21 00:00+00', '2026-11-22 00:00+00');
insert into public.rollup_values (environment_id, starts, kind, field, labels, counts)
values (1, '2026-11-21 00:00+00', 'pageview', 'path', '{/}', '{3}');
