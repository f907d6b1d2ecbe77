"""How a sender whose address is excluded is told so. The code is stable: programs may look for it."""

EXCLUDED_CODE = "excluded_ip"
