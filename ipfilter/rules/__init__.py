"""What an excluded IP is: parsing, matching, and the words for what cannot be parsed. Pure: no database, no clock."""
