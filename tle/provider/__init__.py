"""Where element sets come from: providers, their rules, what was asked and answered."""
