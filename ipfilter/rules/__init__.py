"""The rules themselves: parsing, matching, and explaining what cannot be parsed. Pure: no database, no clock."""
