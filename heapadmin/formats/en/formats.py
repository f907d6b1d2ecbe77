"""Read by Django for LANGUAGE_CODE "en"; the staff's pages are in UTC, which the zone says."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i e"
TIME_FORMAT = "H:i"
