"""`groundstation keys serve`: the station process."""

import click

from groundstation.cli.keys_desk import clock_of, policy_and_network
from groundstation.cli.settings import Settings


@click.command("serve")
@click.pass_obj
def serve_command(settings: Settings) -> int:
    """Talk to the other nodes until stopped: compare digests, carry out relays.

    One process holds a ledger; other `keys` commands ask it to do what changes the ledger.

    \b
    Examples:
      groundstation keys serve
    """
    import logging

    from groundstation.keys.operations.opening import open_desk, set_process_title
    from groundstation.keys.operations.serving import serve, wiring_of
    from groundstation.keys.sealing.process_guard import forbid_core_dumps

    forbid_core_dumps()
    set_process_title("qkd-keys")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    network, policy = policy_and_network(settings)
    wiring_of(policy)
    desk = open_desk(network, clock=clock_of(settings))
    with desk.store:
        serve(desk, on_ready=lambda port: click.echo(f"{policy.node} listens on port {port}"))
    return 0
