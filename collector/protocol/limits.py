"""The limits on requests, as docs/collection-api.md lists them. Lengths of texts are in characters."""

MAX_BODY_BYTES = 2**20  # as sent, and after decompression
MAX_DEPTH = 32  # of arrays and objects in a body
MAX_KEY = 1_024  # of a property's name, after flattening
MAX_TEXT = 1_024  # of a property's value, after joining; longer ones are cut
MAX_NESTED_NAMES = 16_384  # of all names that flattening one object makes, so that a short body does not grow large
MAX_PROPERTIES = 1_000  # of an event; what is more is left out. Those of a person are limited by PERSON_PROPERTIES
MAX_PROPERTIES_BYTES = 65_536  # of these, as JSON
MAX_EVENT = 1_024
MAX_IDENTITY = 255
MAX_IDEMPOTENCY_KEY = 1_024
MAX_TRACKER_ID = 10**16  # of a visitor, page or session; above events.identity.MAX_VISITOR it is folded into that
MAX_USERS = 1_000  # in one request
MAX_DELETIONS = 10_000  # people to be deleted, in one request
MAX_DELETION_BYTES = 10 * 2**20  # of that request: fits the longest identities in UTF-8, and heapadmin/pages.py's limit
MAX_HIERARCHY = 4_096  # of the elements around a target; longer ones are cut
MAX_EVENTS_IN_BEACON = 1_000
MAX_PARAMETERS = 40_000  # of a beacon
FIRST_TIME = 946_684_800  # 2000-01-01T00:00:00Z, in unix seconds
MAX_AHEAD_SECONDS = 86_400
SMALLEST_WHOLE, LARGEST_WHOLE = -(2**63), 2**64 - 1
