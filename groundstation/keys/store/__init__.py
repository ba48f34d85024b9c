"""The durable key ledger: SQLite, one writer, sealed key, an audit log that shows every edit."""
