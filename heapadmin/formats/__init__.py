"""The default formats of dates, so that they look the same in the staff's lists as on all other pages."""
