"""Code of the components for the browser: JavaScript modules joined into one, as Streamlit takes a text.

A module stands in its own file, imports what it needs by name and exports functions, constants or classes by name, as
in `import { a, b } from "./other.js";`. So the files are ordinary modules for editors and linters, no build step is
needed, and nothing more than one text reaches the browser, in a checkout as from a wheel.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)


def sources(folder: Path, name: str) -> dict[str, str]:
    """HTML, CSS and JavaScript of a component, from the files of that name in its folder."""
    text = {kind: (folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")}
    return text | {"js": joined(folder / f"{name}.js")}


def joined(entry: Path) -> str:
    """The text of a module together with everything it imports, as one module with the same default export.

    Each imported module becomes a function that is called once, so that what it does not export stays its own.

    Args:
        entry: file of a module, the only one with a default export.

    Raises:
        ValueError: modules import one another in a circle, or an import is written in another way than by names.
    """
    names: dict[Path, str] = {}
    texts: list[str] = []
    body = _resolved(entry.resolve(), names, texts, ())
    return "".join([*texts, body])


def _resolved(file: Path, names: dict[Path, str], texts: list[str], above: tuple[Path, ...]) -> str:
    """The text of a module with its imports taken from the modules before it, which are added to `texts`."""
    if file in above:
        raise ValueError(f"{file} imports itself by way of {above[-1]}; move what both need into a third module")

    def taken(match: re.Match[str]) -> str:
        other = (file.parent / match[2]).resolve()
        if other not in names:
            body = _resolved(other, names, texts, (*above, file))
            names[other] = f"module{len(names)}"
            exported = ", ".join(_EXPORT.findall(body))
            texts.append(f"const {names[other]} = (() => {{\n{_EXPORT.sub('', body)}return {{ {exported} }};\n}})();\n")
        return f"const {{{match[1]}}} = {names[other]};\n"

    text = _IMPORT.sub(taken, file.read_text(encoding="utf-8"))
    if re.search(r"^import\b", text, re.MULTILINE):
        raise ValueError(f'{file} has an import that is not of the form import {{ a, b }} from "./file.js";')
    return text
