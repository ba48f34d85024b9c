"""The ledger's rules as a pure state machine, without input or output."""
