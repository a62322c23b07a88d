"""The template that the guide shows is one, and is what the guide says of it."""

import re
from pathlib import Path

from provenance.consent.templates import parse_template

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "templates.md"


def test_the_template_in_the_guide_is_one() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    template = parse_template(shown.encode(), name="team.toml")
    assert template.render("en", studio="Studio Lumen").startswith("Pictures of the team\n\nStudio Lumen takes")
    assert template.signers == ("witness",)
