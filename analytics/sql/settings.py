"""PostgreSQL settings for analytic statements, for one transaction."""

PAGE_COST = "1.1"  # of a page anywhere, beside 1 for the next: no disk turns any more
MEMORY = "64MB"  # per sort or hash: 5 million people fit; more goes to disk

# Compiling (jit) costs more than it brings at these sizes.
TUNE = f"""
select set_config('jit', 'off', true) as jit, set_config('random_page_cost', '{PAGE_COST}', true) as page_cost,
       set_config('work_mem', '{MEMORY}', true) as memory
"""
