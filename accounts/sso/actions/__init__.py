"""Everything that changes providers, domains, identities and ways back. All take keyword arguments, and say by whom."""
