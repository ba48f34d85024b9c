"""Contacts and relay of abstract instances, chosen together, with a proven bound."""
