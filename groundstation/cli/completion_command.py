"""`groundstation completion`: what a shell has to read to complete our names."""

import click

from groundstation.cli.completion import VARIABLE


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of SHELL; nothing is installed.

    With it a tab completes commands and options, and names of the network file and of what is
    published: stations, satellites, pass ids, nights. Nothing is computed for that.

    \b
    Examples:
      groundstation completion bash > ~/.local/share/bash-completion/completions/groundstation
      groundstation completion zsh > ~/.zfunc/_groundstation
      groundstation completion fish > ~/.config/fish/completions/groundstation.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no shell {shell}", ctx)
    program = ctx.find_root().command
    click.echo(kind(program, {}, "groundstation", VARIABLE).source())
    return 0
