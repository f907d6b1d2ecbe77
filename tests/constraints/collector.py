"""What breaks the constraints of the collector's own tables."""

from django.utils import timezone

from tests.collector.factories import NINE, CollectedHourFactory, DeletionTargetFactory, SharedAddressFactory
from tests.constraints.rows import Breaks, again, change, each, without
from tests.factories import DeletionRequestFactory

BREAKS: Breaks = {
    "collector_sharedaddress_accounts_check": lambda: SharedAddressFactory(accounts=-1),
    "collector_sharedaddress_address_key": lambda: again(SharedAddressFactory()),
    "deletionrequest_names_somebody": lambda: DeletionRequestFactory(people=0),
    "collector_deletionrequest_people_check": without(
        "deletionrequest_names_somebody", lambda: DeletionRequestFactory(people=-1)
    ),
    "deletionrequest_starts_before_it_ends": lambda: DeletionRequestFactory(done_at=timezone.now()),
    "deletiontarget_has_an_identity": lambda: DeletionTargetFactory(identity=""),
    "collectedhour_once_per_outcome": lambda: again(CollectedHourFactory()),
    "collectedhour_known_outcome": lambda: CollectedHourFactory(outcome="unknown_app"),
    "collectedhour_begins_with_its_hour": each(
        lambda hour: CollectedHourFactory(hour=hour), NINE.replace(minute=30), NINE.replace(second=30)
    ),
    "collectedhour_counts_something": lambda: CollectedHourFactory(requests=0),
    "collector_collectedhour_requests_check": without(
        "collectedhour_counts_something", lambda: CollectedHourFactory(requests=-1)
    ),
    "collector_collectedhour_events_check": without(
        "collectedhour_robots_are_events", lambda: CollectedHourFactory(events=-1)
    ),
    "collector_collectedhour_properties_left_out_check": lambda: CollectedHourFactory(properties_left_out=-1),
    "collector_collectedhour_texts_cut_check": lambda: CollectedHourFactory(texts_cut=-1),
    "collector_collectedhour_identities_ignored_check": lambda: CollectedHourFactory(identities_ignored=-1),
    "collector_collectedhour_protobufs_refused_check": lambda: CollectedHourFactory(protobufs_refused=-1),
    "collector_collectedhour_robots_check": lambda: CollectedHourFactory(robots=-1),
    "collectedhour_robots_are_events": lambda: CollectedHourFactory(events=2, robots=3),
    "collectedhour_slowest_is_slowest": [
        lambda: CollectedHourFactory(last_seconds=-0.1),
        lambda: CollectedHourFactory(slowest_seconds=0.05),
    ],
    "collectedhour_environment": lambda: change(CollectedHourFactory().environment, id=-1),
}
