"""The labels of the portal's text fields by their names, read off the templates: no list names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jinja2

TEXT = frozenset({"field", "textarea"})
"""The macros of layout/form.html that make a field which text is typed into; `pair` makes several."""
CHOICE = frozenset({"select", "radio", "radios", "checkbox", "password"})
_NOT_TYPED = re.compile(r'(?:type="hidden"|readonly) name="(\w+)"')
UNNAMED = "入力した内容"


class Labels:
    """What a field is called on its page; a name that means two things is called UNNAMED."""

    def __init__(self, templates: jinja2.Environment) -> None:
        self._labels: dict[str, str] = {}
        self._no_text: set[str] = set()
        assert templates.loader is not None
        for template in templates.list_templates(extensions=["html"]):
            source, _, _ = templates.loader.get_source(templates, template)
            self._no_text.update(_NOT_TYPED.findall(source))
            for call in templates.parse(source).find_all(nodes.Call):
                self._note(call)

    def of(self, name: str) -> str:
        return self._labels.get(name, UNNAMED)

    def is_text(self, name: str) -> bool:
        """Whether a member types it: a name that no template has may be one of a list, like the targets of a forwarding."""
        return name in self._labels or name not in self._no_text

    def _note(self, call: nodes.Call) -> None:
        macro = call.node.name if isinstance(call.node, nodes.Name) else ""
        if macro in TEXT:
            for name, label in _fields(call, call.args[1:3]):
                self._labels[name] = UNNAMED if self._labels.get(name, label) != label else label
        elif macro == "pair" and isinstance(call.args[2], nodes.List):
            for part in call.args[2].items:
                if isinstance(part, nodes.Tuple):
                    for name, label in _fields(call, part.items[:2]):
                        self._labels[name] = label
        elif macro in CHOICE and isinstance(call.args[1], nodes.Const):
            self._no_text.add(call.args[1].value)


def _fields(call: nodes.Call, name_and_label: list[nodes.Expr]) -> Iterator[tuple[str, str]]:
    """The name and label that a call gives as they are; none where its template works them out."""
    name, label = name_and_label
    if isinstance(name, nodes.Const):
        yield name.value, label.value if isinstance(label, nodes.Const) else UNNAMED
