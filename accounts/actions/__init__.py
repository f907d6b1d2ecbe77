"""Everything that changes accounts, memberships, invitations and logins. All take keyword arguments, always `by`."""
