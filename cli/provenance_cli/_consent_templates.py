"""`provenance consent templates`, and what `consent new --template` makes of a person's decisions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from provenance.consent.grants import parse_scope
from provenance.consent.parties import Notice, Terms
from provenance.consent.scopes import Scope
from provenance.consent.shelf import find_template, templates_of
from provenance.consent.templates import Template
from provenance.consent.vocabulary import parse_day
from provenance.errors import RefusedError
from provenance.studio.studio import Studio
from provenance_cli._options import opened, parsed, studio_option
from provenance_cli._output import note, say, table

_Command = TypeVar("_Command", bound=Callable[..., Any])


def template_options(function: _Command) -> _Command:
    """Add `--template` and `--language`."""
    language = click.option("--language", metavar="LANG", help="The language in which they read it, such as de.")
    template = click.option("--template", metavar="NAME", help="What they are asked: see provenance consent templates.")
    return template(language(function))


@dataclass(frozen=True, slots=True)
class Asking:
    """A person's decisions, completed by the template that they were asked by.

    Attributes:
        given: the options, with the template's defaults where the person said nothing.
        template: or None, where the text that comes with this version was shown.
        text: what they read, with the sentence above the signature.
        notice: what the record says of it.
    """

    given: dict[str, Any]
    template: Template | None = None
    text: str = ""
    notice: Notice | None = None

    def show(self) -> None:
        """Print what the person read, on standard error: it is not what the command answers."""
        if self.template is not None:
            note(self.text)

    def complete(self, terms: Terms) -> Terms:
        """Return the terms with those of the template."""
        if self.template is None:
            return terms
        return replace(terms, retention=self.template.retention, jurisdictions=self.template.jurisdictions)


def asking(given: dict[str, Any], studio: Studio) -> Asking:
    """Return what the options amount to under the template that they name, if they name one.

    Raises:
        RefusedError: they permit what was not asked or longer than was read, or lack who must sign.
        InputError: there is no such template, not in this language, or one of the studio's own is malformed.
    """
    name, language = given.pop("template"), given.pop("language")
    if name is None:
        if language is not None:
            raise click.UsageError("name what they read in this language: --template NAME")
        return Asking(given)
    template = parsed(lambda text: find_template(text, studio.path).template, name)
    if language is None:
        raise click.UsageError(f"say in which language they read it: --language {', '.join(template.wordings)}")
    parsed(template.wording, language)
    _check_signers(template, given)
    now = studio.clock.now()
    completed = _with_defaults(template, given)
    last = template.last_day(now.date())
    if last is not None:
        until = last if given["until"] is None else parsed(parse_day, given["until"])
        if until > last:
            raise RefusedError(
                f"term: expected {last} at the latest, as they read in {template.id}, got {until}", code="template-term"
            )
        completed["until"] = until.isoformat()
    who = studio.settings.name
    text = f"{template.render(language, studio=who)}{template.intent(language, studio=who)}"
    return Asking(completed, template, text, template.notice(language, studio=who, presented_at=now))


def _with_defaults(template: Template, given: dict[str, Any]) -> dict[str, Any]:
    decided: dict[str, list[Scope]] = {
        name: [parsed(parse_scope, text) for text in given[name]] for name in ("permit", "deny")
    }
    for scope in (*decided["permit"], *decided["deny"]):
        if scope not in template.scopes:
            raise RefusedError(f"scope {scope}: {template.id} does not ask for it", code="template-scope")
    bases, revocable = list(given["basis"]), list(given["revocable"])
    for asked in template.asked:
        if asked.scope not in (*decided["permit"], *decided["deny"]):
            decided[asked.default].append(asked.scope)
        if asked.scope in decided["permit"]:
            for options, value in ((bases, asked.legal_basis), (revocable, asked.revocability)):
                if not any(text.startswith(f"{asked.scope}=") for text in options):
                    options.append(f"{asked.scope}={value}")
    return {**given, **decided, "basis": bases, "revocable": revocable}


def _check_signers(template: Template, given: dict[str, Any]) -> None:
    for signer in template.signers:
        if signer == "photographer":
            raise RefusedError(
                f"template {template.id}: the photographer signs too, which they cannot here", code="template-signer"
            )
        if given[signer] is None:
            raise RefusedError(
                f"template {template.id}: the {signer} signs too",
                code="template-signer",
                hint=f"add --{signer} NAME",
            )


@click.group("templates", short_help="List what a person can be asked.", invoke_without_command=True)
@studio_option
@click.pass_context
def templates(context: click.Context, *, studio_path: Path | None) -> int:
    """List what a person can be asked; a studio's own lie in its folder `templates`."""
    if context.invoked_subcommand is not None:
        return 0
    with opened(studio_path) as studio:
        found = templates_of(studio.path)
    table(
        (
            shelved.template.id,
            shelved.template.version,
            ", ".join(shelved.template.wordings),
            "shipped" if shelved.own is None else f"templates/{shelved.own.name}",
        )
        for shelved in found
    )
    return 0


@templates.command("show")
@click.argument("name")
@click.option("--language", required=True, metavar="LANG", help="The language, such as de.")
@studio_option
def show_template(name: str, *, language: str, studio_path: Path | None) -> int:
    """Print the text of a template, exactly as a person reads it."""
    with opened(studio_path) as studio:
        template = parsed(lambda text: find_template(text, studio.path).template, name)
        parsed(template.wording, language)
        say(
            template.render(language, studio=studio.settings.name)
            + template.intent(language, studio=studio.settings.name)
        )
    return 0
