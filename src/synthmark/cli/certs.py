"""synthmark certs."""

from __future__ import annotations

import click


@click.group("certs", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Certificates for signing."""


@command.command("dev")
def dev() -> int:
    """Make the development certificate, or show where it lies.

    It is made on first use, per user, readable by its owner alone. It signs files so that changes
    are seen; it says nothing about who signed. Its root can be given to verify --trust.
    """
    from synthmark.manifest import development

    made = development()
    click.echo(f"certificate chain  {made.chain}")
    click.echo(f"private key        {made.key}")
    click.echo(f"root certificate   {made.root}")
    click.echo(f"valid until        {made.expires:%Y-%m-%d}")
    return 0
