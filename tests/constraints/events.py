"""What breaks the constraints of the tables of what was collected."""

from tests.constraints.rows import MOMENT, Breaks, each, insert, insert_twice, required

TOO_LONG = "a" * 256

BREAKS: Breaks = {
    "event_kind_known": lambda: insert("events", kind="hover"),
    "event_time_in_bounds": each(
        lambda time: insert("events", time=time), "1999-12-31 23:59:59+00", "2200-01-01 00:00+00"
    ),
    "event_below_zero_of_robot": [
        lambda: insert("events", id=-5),
        lambda: insert("events", id=-5, device="desktop"),
    ],
    "events_pkey": lambda: insert_twice("events"),
    **required("events", "environment_id time id actor_id received_at kind name properties"),
    "person_identity_when_negative": [
        lambda: insert("people", actor_id=-5),
        lambda: insert("people", actor_id=5, identity="ann"),
    ],
    "person_identity_length": each(lambda identity: insert("people", actor_id=-5, identity=identity), "", TOO_LONG),
    "person_seen_in_order": lambda: insert("people", first_seen_at=MOMENT, last_seen_at="2025-12-31 23:59:59+00"),
    "people_pkey": lambda: insert_twice("people"),
    "person_robot_without_identity": lambda: insert("people", actor_id=-5, identity="ann", is_robot=True),
    "person_seen_both_or_never": each(
        lambda column: insert("people", **{column: None}), "first_seen_at", "last_seen_at"
    ),
    **required("people", "environment_id actor_id properties"),
    "merge_from_visitor_to_identity": [
        lambda: insert("merges", from_actor=-1),
        lambda: insert("merges", to_actor=0),
    ],
    "merges_pkey": lambda: insert_twice("merges", to_actor=-6),
    **required("merges", "environment_id from_actor to_actor at"),
    "customer_account_id_length": each(lambda account_id: insert("customers", account_id=account_id), "", TOO_LONG),
    "customers_pkey": lambda: insert_twice("customers"),
    **required("customers", "environment_id account_id properties first_seen_at last_seen_at"),
    "idempotency_keys_pkey": lambda: insert_twice("idempotency_keys"),
    **required("idempotency_keys", "environment_id digest at"),
    "catalogue_marks_pkey": lambda: insert_twice("catalogue_marks"),
    "catalogue_marks_environment_id_fkey": lambda: insert("catalogue_marks", environment_id=-1),
    **required("catalogue_marks", "environment_id mark people_at first_month"),
    "catalogue_names_pkey": lambda: insert_twice("catalogue_names", name="Other"),
    "catalogue_names_environment_id_kind_name_key": lambda: insert_twice("catalogue_names", id=2),
    "catalogue_names_environment_id_fkey": lambda: insert("catalogue_names", environment_id=-1),
    **required("catalogue_names", "id environment_id kind name"),
    "catalogue_keys_pkey": lambda: insert_twice("catalogue_keys", key="other"),
    "catalogue_keys_environment_id_key_key": lambda: insert_twice("catalogue_keys", id=2),
    "catalogue_keys_environment_id_fkey": lambda: insert("catalogue_keys", environment_id=-1),
    **required("catalogue_keys", "id environment_id key"),
    "catalogue_announced_or_counted": [
        lambda: insert("catalogue_counts", events=0),
        lambda: insert("catalogue_counts", announced_at=MOMENT),
    ],
    "catalogue_counts_pkey": lambda: insert_twice("catalogue_counts"),
    "catalogue_counts_environment_id_fkey": lambda: insert("catalogue_counts", environment_id=-1),
    **required(
        "catalogue_counts", "environment_id name_id key_id month events numbers texts booleans first_at last_at"
    ),
    "catalogue_left_out_pkey": lambda: insert_twice("catalogue_left_out"),
    "catalogue_left_out_environment_id_fkey": lambda: insert("catalogue_left_out", environment_id=-1),
    **required("catalogue_left_out", "environment_id month events property_values"),
    "catalogue_gone_pkey": lambda: insert_twice("catalogue_gone"),
    **required("catalogue_gone", "id environment_id month at"),
}
