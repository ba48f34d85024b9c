"""`groundstation keys`: the key ledger of this machine's node."""

import click

from groundstation.cli.lazy_group import LazyGroup

# One line per command: module, and the help line that `--help` shows without importing it.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("keys_store", "Make the ledger of this node."),
    "import": ("keys_import", "Take in key files of producers."),
    "status": ("keys_status", "Show what is in the pools, and the demands they serve."),
    "relay": ("keys_relay", "Carry out a plan's relays; satellites' requests and announcements."),
    "combine": ("keys_relay", "Make one key of shares that came on different ways."),
    "history": ("keys_history", "Account for a month, pool by pool."),
    "explain": ("keys_history", "Tell where the key of an allocation came from and went."),
    "verify": ("keys_check", "Check the ledger, every chunk and the audit log."),
    "audit": ("keys_check", "Show the audit log, or its anchor to keep elsewhere."),
    "expire": ("keys_removal", "Take expired key off the balance."),
    "purge": ("keys_removal", "Burn a segment on the word of two persons."),
    "rotate": ("keys_store", "Change the key-encryption key; erases what was consumed."),
    "backup": ("keys_store", "Write a backup, ciphertext only."),
    "restore": ("keys_store", "Put a backup back; it serves after fast-forward."),
    "fast-forward": ("keys_store", "Let a restored backup catch up with anchors."),
    "serve": ("keys_serve", "Run the station process."),
}


class KeysGroup(LazyGroup):
    """The commands of a day's work with key, in its order; several share a module."""

    lines = COMMANDS

    @staticmethod
    def attribute(name: str) -> str:
        """Name of the command's object in its module."""
        return f"{name.replace('-', '_')}_command"


@click.group("keys", cls=KeysGroup)
def command() -> None:
    """The key ledger of this node: every bit accounted for, handed out once.

    \b
    Examples:
      groundstation keys init
      groundstation keys import inbox/*.zip
      groundstation keys relay --plan nights/2026-06-14/plan.json
      groundstation keys status
      groundstation keys history --month 2026-06
    """
