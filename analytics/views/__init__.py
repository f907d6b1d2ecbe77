"""The pages of analytics, one module per noun."""
