"""Talk to Us: people's messages to support, and support's answers."""
