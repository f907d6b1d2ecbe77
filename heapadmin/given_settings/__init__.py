"""Settings as people give them: each is understood, or refused in a sentence that names it and shows no secret."""
