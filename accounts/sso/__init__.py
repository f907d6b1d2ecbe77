"""Single sign-on: the providers of an account, its domains, who is known by a provider, and how they sign in."""
