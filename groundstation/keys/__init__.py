"""The key ledger: every bit of delivered key accounted for, handed out once."""
