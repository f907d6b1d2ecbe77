"""SCIM 2.0 (RFC 7643, RFC 7644): an account's directory tells who joins and who leaves."""
