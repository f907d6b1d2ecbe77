"""What changes accounts, the places in them, invitations and logins: keyword arguments, and always who."""
