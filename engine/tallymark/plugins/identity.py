"""Who a plugin says it is: its name, the versions it is written for, the options it takes."""

from __future__ import annotations

from dataclasses import replace

from tallymark.definitions import PluginsDef
from tallymark.errors import Fault
from tallymark.hookspecs import INFO, Api, PluginInfo
from tallymark.options import Owner, check_options
from tallymark.plugins.finding import NAME
from tallymark.plugins.plugin import Plugin, State


def identify(plugin: Plugin, api: Api, settings: PluginsDef) -> list[Fault]:
    """Reads what the plugin says of itself; with a fault that keeps it from being used, its state says so."""
    info = getattr(plugin.module, INFO, None)
    if info is not None and not isinstance(info, PluginInfo):
        return [_refused(plugin, f"its `{INFO}` is no PluginInfo", f"write `{INFO} = PluginInfo(…)`")]
    plugin.info = info if isinstance(info, PluginInfo) else PluginInfo(plugin.name)
    if plugin.distribution is None:  # no entry point gives it a name: it is called what it says
        plugin.name = plugin.info.name
    if not NAME.fullmatch(plugin.name):
        help_ = "names are of `a`–`z`, `0`–`9` and `_`: rename its entry point or its file"
        return [_refused(plugin, f"`{plugin.name[:60]}` cannot be the name of a plugin", help_)]
    if plugin.info.name != plugin.name:
        said = f"it says that its name is `{plugin.info.name}`"
        return [_refused(plugin, said, "its entry point must have the same name as its PluginInfo")]
    plugin.version = plugin.version or plugin.info.version or None
    if not plugin.info.description:
        first = (getattr(plugin.module, "__doc__", None) or "").strip().partition("\n")[0]
        plugin.info = replace(plugin.info, description=first)
    return _other_version(plugin, plugin.info, api) or _wrong_options(plugin, plugin.info, settings)


def owner_of(plugin: Plugin, settings: PluginsDef) -> Owner:
    """The plugin as what has options in `tally.yaml`."""
    path = ("config", plugin.name)
    place = settings.places[path].key if path in settings.places else None
    subject = f"plugin `{plugin.name}`"
    return Owner(subject, place, settings.places, path) if place else Owner(subject)


def _other_version(plugin: Plugin, info: PluginInfo, api: Api) -> list[Fault]:
    """A warning when the plugin is written for other versions of the API than this engine's."""
    if not info.requires_api:
        return []
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(info.requires_api).contains(api.version, prereleases=True)
    except InvalidSpecifier:
        help_ = "write a range such as `>=1.0,<2`"
        return [_refused(plugin, f"its `requires_api` is {info.requires_api!r}, which is no range of versions", help_)]
    if fits:
        return []
    plugin.state = State.OTHER_VERSION
    why = f"it needs version {info.requires_api} of the plugin API, this Tallymark has {api.version}"
    plugin.reason = f"the plugin `{plugin.name}` is not loaded: {why}"
    help_ = "install a version of the plugin, or of Tallymark, that fits"
    return [Fault("P705", plugin.reason, None, help_, f"plugin `{plugin.name}`", "warning")]


def _wrong_options(plugin: Plugin, info: PluginInfo, settings: PluginsDef) -> list[Fault]:
    options = settings.config.get(plugin.name, {})
    if not options and not info.config.get("required"):
        return []  # nothing is said and nothing needs to be
    nothing = {"type": "object", "additionalProperties": False}
    faults = check_options(options, info.config or nothing, owner_of(plugin, settings))
    if faults:
        plugin.state = State.FAILED
        plugin.reason = f"the plugin `{plugin.name}` is not loaded: its options in tally.yaml are not sound"
    return faults


def _refused(plugin: Plugin, why: str, help_: str) -> Fault:
    plugin.state = State.FAILED
    plugin.reason = f"the plugin `{plugin.name[:60]}` is not loaded: {why}"
    return Fault("P704", plugin.reason, None, help_, f"plugin `{plugin.name[:60]}`", "warning")
