"""What machines read: passes and plans as files."""
