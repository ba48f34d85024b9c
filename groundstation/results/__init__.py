"""Results: what passes really delivered, how good their forecasts were, what links taught."""
