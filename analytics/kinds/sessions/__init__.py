"""Sessions: visits by their start, newest first, page by page, with their median length and bounce rate."""
