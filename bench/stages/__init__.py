"""What one request costs the gateway in instructions and allocations, stage by stage: counts, not times."""
