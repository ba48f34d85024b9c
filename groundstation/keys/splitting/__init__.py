"""A key made of shares: nothing is known before enough of them are."""
