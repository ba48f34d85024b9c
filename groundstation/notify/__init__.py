"""Telling people and machines how a night went; a failure to tell never fails a night."""
