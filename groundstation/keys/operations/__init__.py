"""What `groundstation keys` does: one function per command, records and JSON values out."""
