"""`tally plugins`: which there are, what each gives, whether it keeps its promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tallymark.cli.describing import plugins_here
from tallymark.cli.new_plugin import new_command
from tallymark.cli.printing import print_faults, print_faults_json, print_sheet
from tallymark.cli.session import Session, format_option, session_options
from tallymark.errors import Fault, FaultError, did_you_mean

if TYPE_CHECKING:
    from tallymark.plugins import Plugin, Plugins


@click.group("plugins")
@session_options
def plugins_command() -> None:
    """List installed plugins, show what one gives, check that it works, or write one of your own."""


plugins_command.add_command(new_command)
plugin_command = click.Group("plugin", plugins_command.commands, help=plugins_command.help, hidden=True)
"""The same, for who says `tally plugin new`."""


@plugins_command.command("list")
@format_option("table", "json")
@session_options
@click.pass_obj
def list_command(session: Session, /, format_: str | None) -> None:
    """List every plugin: its version, where it comes from, whether it is loaded, what it gives."""
    plugins = plugins_here(session)
    if format_ == "json":
        _print_json([_as_dict(p) for p in plugins.found])
        return
    print_sheet(session, _sheet(plugins.found))
    for plugin in plugins.found:
        if plugin.reason:
            click.echo(f"\n{plugin.reason}", err=True)


@plugins_command.command("show")
@click.argument("name")
@format_option("text", "json")
@session_options
@click.pass_obj
def show_command(session: Session, /, name: str, format_: str | None) -> None:
    """Show one plugin: who it is, the options it takes, and everything it gives."""
    plugins = plugins_here(session)
    plugin = _named(name, plugins)
    if format_ == "json":
        _print_json(_as_dict(plugin))
        return
    click.echo("\n".join(_told(plugin)))


@plugins_command.command("check")
@click.argument("name", required=False)
@format_option("text", "json")
@session_options
@click.pass_obj
@click.pass_context
def check_command(context: click.Context, session: Session, /, name: str | None, format_: str | None) -> None:
    """Load a plugin, or each one, and try everything it gives: SQL, schemas, packs, formats, checks.

    Leaves with 1 if there is an error. Without NAME, plugins that the project does not take are passed over.
    """
    from tallymark.engine.plugin_checks import check_plugin

    plugins = plugins_here(session)
    chosen = [_named(name, plugins)] if name else [p for p in plugins.found if p.state.value not in _PASSED_OVER]
    faults = [f for plugin in chosen for f in check_plugin(plugin, plugins)]
    if name is None:
        faults = list(dict.fromkeys([*plugins.faults, *faults]))
    wrong = [f for f in faults if f.severity == "error" or f.code != "P708"]
    if format_ == "json":
        print_faults_json(faults)
    else:
        if faults:
            print_faults(session, faults)
        given = sum(len(p.gives) for p in chosen)
        click.echo(f"checked {_many(len(chosen), 'plugin')}, which {_give(len(chosen))} {_many(given, 'thing')}")
    if wrong:
        context.exit(1)


_PASSED_OVER = ("not allowed", "left out")


def _named(name: str, plugins: Plugins) -> Plugin:
    found = next((p for p in plugins.found if p.name == name), None)
    if found is None:
        help = did_you_mean(name, [p.name for p in plugins.found])
        raise FaultError(Fault("P715", f"no plugin `{name[:60]}` is installed", help=help))
    return found


def _sheet(plugins: list[Plugin]) -> Any:
    from tallymark.show.sheet import Heading, Sheet

    headings = tuple(map(Heading, ("plugin", "version", "from", "state", "gives")))
    rows = ((p.name, p.version or "", p.distribution or p.origin, p.state.value, _summary(p)) for p in plugins)
    return Sheet(headings, tuple(rows))


def _summary(plugin: Plugin) -> str:
    """`2 functions, 1 kind of source`."""
    counts: dict[str, int] = {}
    for gift in plugin.gives:
        counts[gift.what] = counts.get(gift.what, 0) + 1
    return ", ".join(_many(count, what) for what, count in counts.items())


def _told(plugin: Plugin) -> list[str]:
    from tallymark.options import described

    info = plugin.info
    version = f" {plugin.version}" if plugin.version else ""
    lines = [f"{plugin.name}{version}: {plugin.state.value}"]
    lines += [f"  {info.description}"] if info is not None and info.description else []
    lines += [f"  from {plugin.distribution or plugin.origin}" + (" (built in)" if plugin.own else "")]
    lines += [f"  for version {info.requires_api} of the plugin API"] if info is not None and info.requires_api else []
    lines += [f"  {plugin.reason}"] if plugin.reason else []
    if info is not None and info.config:
        lines += ["", f"Options, under `plugins: config: {plugin.name}:` in tally.yaml"]
        lines += [f"  {name}  {words}" for name, words in described(info.config)]
    for what in dict.fromkeys(g.what for g in plugin.gives):
        lines += ["", f"{_plural(what)[0].upper()}{_plural(what)[1:]}"]
        for gift in (g for g in plugin.gives if g.what == what):
            lines += [f"  {gift.name}  {gift.help}".rstrip()]
            lines += [f"    {name}  {words}" for name, words in described(gift.options)]
    return lines


def _as_dict(plugin: Plugin) -> dict[str, Any]:
    from tallymark.engine.plugin_checks import shown

    return shown(plugin)


def _print_json(data: Any) -> None:
    from tallymark.show.raw import json_text

    click.echo(json_text(data))


def _many(count: int, what: str) -> str:
    return f"{count} {what if count == 1 else _plural(what)}"


def _give(count: int) -> str:
    return "gives" if count == 1 else "give"


def _plural(what: str) -> str:
    head, of, rest = what.partition(" of ")
    return f"{head}s{of}{rest}"
