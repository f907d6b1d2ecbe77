"""SAML 2.0: what is asked of a provider, and whether what it answers is true. Pure: no table, session or network."""
