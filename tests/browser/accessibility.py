"""What axe-core finds in a page, and pictures whose description says nothing."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# What a cell shows, and rendered markdown: in JupyterLab, and in nbconvert's HTML.
OURS = [".jp-OutputArea-output", ".jp-RenderedMarkdown"]
SEVERE = {"serious", "critical"}


def findings(page: Page, where: list[str] = OURS) -> list[str]:
    """Axe's serious and critical findings in the parts of a page that the selectors name, folded text opened first."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    # JupyterLab's body is 0 pixels high and hides what sticks out: axe would take all text for hidden, and pass it unread.
    page.evaluate("document.documentElement.style.height = document.body.style.height = '100%'")
    report = Axe().run(page, context={"include": [[selector] for selector in where]}, options={"resultTypes": ["violations"]})
    severe = [violation for violation in report.response["violations"] if violation["impact"] in SEVERE]
    return [f"{found['id']} ({found['impact']}): {node['html'][:300]}" for found in severe for node in found["nodes"]]


def undescribed(page: Page, where: list[str] = OURS) -> list[str]:
    """The beginnings of images and canvases without a real description. nbconvert and JupyterLab write ones that axe takes for real."""
    return page.evaluate(
        """where => {
            const pictures = where.flatMap(part => [`${part} img`, `${part} canvas`]).join();
            const real = text => text.trim().length > 10 && !/no description/i.test(text);
            return [...document.querySelectorAll(pictures)]
                .filter(picture => !picture.closest("[aria-hidden=true]"))
                .filter(picture => !real(picture.getAttribute("alt") || picture.getAttribute("aria-label") || ""))
                .map(picture => picture.outerHTML.slice(0, 200));
        }""",
        where,
    )
