"""Django reads this for LANGUAGE_CODE "en". Staff pages show times in UTC, so the format includes the zone."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i e"
TIME_FORMAT = "H:i"
