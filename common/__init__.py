"""General code that knows nothing about analytics or any app. It is the lowest floor: every app may import from it."""
