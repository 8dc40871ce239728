"""What a card links to: who a model is and how it was judged. These pages hold nothing of a patient."""

from collections.abc import Mapping
from html import escape

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from bedside.errors import CallRefused
from bedside.evidence.release import Manifest
from bedside.serve.served import Served

FRAMES = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; {FRAMES}"
REPORT_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; {FRAMES}"
"""A report is one file that carries its own drawings and scripts, and calls nobody."""

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "dt{font-weight:600;margin-top:.8rem}dd{margin:0}.mark{border-left:4px solid #a15c00;padding-left:.8rem}"
)


def pages(services: Mapping[str, Served]) -> APIRouter:
    """The pages of all models."""
    router = APIRouter(prefix="/models", tags=["Models"])

    def find(service: str) -> Served:
        if service not in services:
            msg = "there is no such model here; GET /cds-services lists those that there are"
            raise CallRefused(404, "not-found", msg)
        return services[service]

    @router.get("/{service}", summary="Who a model is", response_class=HTMLResponse)
    async def model(service: str) -> Response:
        served = find(service)
        return HTMLResponse(_page(service, served), headers={"Content-Security-Policy": PAGE_POLICY})

    @router.get("/{service}/report", summary="How it was judged", response_class=HTMLResponse)
    async def report(service: str) -> Response:
        return HTMLResponse(_file(find(service), "report.html"), headers={"Content-Security-Policy": REPORT_POLICY})

    @router.get("/{service}/card.md", summary="Its model card, as Markdown", response_class=Response)
    async def card(service: str) -> Response:
        return Response(_file(find(service), "card.md"), media_type="text/markdown; charset=utf-8")

    return router


def _file(served: Served, name: str) -> bytes:
    """A file of the release, which was verified when it was opened."""
    if name not in served.manifest.files:
        msg = f"the release has no {name}"
        raise CallRefused(404, "not-found", msg)
    return (served.opening.folder / name).read_bytes()


def _page(service: str, served: Served) -> str:
    manifest = served.manifest
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in _facts(served) if text)
    gates = "".join(
        f"<li>{'passed' if gate.passed else 'NOT PASSED'}: {escape(gate.text)}</li>" for gate in manifest.gates
    )
    mark = "Demonstration: it learned from simulated data, and what it says is about nobody."
    note = f'<p class="mark">{escape(mark)}</p>' if manifest.demonstration else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(manifest.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{escape(manifest.title)}</h1>{note}<p>{escape(manifest.regulation.statement)}</p><dl>{rows}</dl>"
        f'<p><a href="/models/{escape(service)}/report">How it was judged</a> · '
        f'<a href="/models/{escape(service)}/card.md">Model card</a></p>'
        f"<h2>Required before release</h2><ul>{gates}</ul></body></html>"
    )


def _facts(served: Served) -> tuple[tuple[str, str], ...]:
    manifest = served.manifest
    return (
        ("Question", manifest.question),
        ("Intended use", manifest.intended_use),
        ("Version", f"{manifest.version}, made {manifest.created_at:%Y-%m-%d}{_until(manifest)}"),
        ("State", str(served.release.state)),
        ("Model", f"{manifest.learner.label}. {manifest.learner.description}".strip()),
        ("Why this one", manifest.rule),
        ("Compared with", manifest.beside.label if manifest.beside is not None else ""),
        ("What it looks at", ", ".join(one.name for one in served.bindings.predictors)),
        ("May change without asking anew", "; ".join(manifest.change_plan.may_change)),
    )


def _until(manifest: Manifest) -> str:
    return f", until {manifest.expires_at:%Y-%m-%d}" if manifest.expires_at is not None else ""
