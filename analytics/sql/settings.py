"""PostgreSQL settings for analytics' statements, set for one transaction."""

PAGE_COST = "1.1"  # of a random page, where a sequential one costs 1: SSDs do not seek
MEMORY = "64MB"  # per sort or hash: fits 5 million people; more goes to disk

# Compiling (jit) costs more than it saves at these sizes.
TUNE = f"""
select set_config('jit', 'off', true) as jit, set_config('random_page_cost', '{PAGE_COST}', true) as page_cost,
       set_config('work_mem', '{MEMORY}', true) as memory
"""
