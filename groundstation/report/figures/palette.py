"""The colours of every report, light and dark.

A figure is drawn with the light colours, so that it can be saved as it is; the inline SVG of a page
replaces each of them by its CSS variable and follows the page. Every light colour is therefore
unique. Hues of the series are those of Okabe and Ito, "Color Universal Design" (2008), darkened
where the contrast with the paper asks for it.
"""

# Light first, dark second.
COLOURS: dict[str, tuple[str, str]] = {
    # page
    "paper": ("#ffffff", "#12161c"),
    "card": ("#f6f7f9", "#1a2029"),
    "line": ("#d4d9e0", "#343d4a"),
    "ink": ("#1b2430", "#e6eaf0"),
    "soft": ("#566070", "#a4afbe"),
    "link": ("#005a8f", "#7cc0ee"),
    "taken": ("#b34700", "#ffa15c"),
    "good": ("#00664b", "#4fd0a5"),
    "notice": ("#fff4dc", "#33280f"),
    "notice-ink": ("#6b4300", "#f5cf84"),
    # sky: day, then darker with the Sun lower
    "day": ("#fdf6e3", "#3b3524"),
    "dusk": ("#dce4f0", "#26303f"),
    "nautical": ("#bccae0", "#1c2638"),
    "night": ("#9fb3d3", "#0c1424"),
    "pass": ("#46546a", "#93a3ba"),
    "closed": ("#7a4a78", "#cf9fcd"),
    "cloud": ("#5a6675", "#b9c4d2"),
    # figures
    "grid": ("#e3e7ec", "#2b3340"),
    "axis": ("#5b6675", "#9aa6b6"),
    "mask": ("#c9ced6", "#3a4350"),
    "sea": ("#eef3f8", "#151b24"),
    "land": ("#d9dcd3", "#2a3139"),
    "moon": ("#8a6d00", "#f0d65c"),
    "keyhole": ("#a8005c", "#ff86c1"),
    "track": ("#788596", "#76839a"),
    "fibre": ("#00795a", "#3fc79b"),
    "relay": ("#8c4580", "#e3a3d3"),
    "sifted": ("#0072b2", "#56b4e9"),
    "qber": ("#b85000", "#f0924a"),
    # loss by group
    "geometry": ("#1f6fa8", "#3d8bc2"),
    "pointing": ("#e69f00", "#e0a020"),
    "atmosphere": ("#a6dcf7", "#b0e0f8"),
    "receiver": ("#a3527d", "#b06890"),
    "detector": ("#35a883", "#45bd98"),
}

LIGHT: dict[str, str] = {name: light for name, (light, _) in COLOURS.items()}
DARK: dict[str, str] = {name: dark for name, (_, dark) in COLOURS.items()}


def css_variables(colours: dict[str, str]) -> str:
    """CSS declarations `--name:#rrggbb;` of one theme."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
