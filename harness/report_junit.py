"""The claims as JUnit XML, for a CI server: GO passes, NO-GO fails, INCONCLUSIVE is an error and never a pass."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from .analysis import Analysis
from .escaping import plain
from .policy import Verdict
from .summary import reasons


def junit(analysis: Analysis) -> str:
    """A test suite with a test case a claim; without a claim one that says so."""
    claims = reasons(analysis) or [("verdict", analysis.overall.verdict, analysis.overall.reason, [])]
    counts = {verdict: sum(one[1] is verdict for one in claims) for verdict in Verdict}
    numbers = {
        "tests": str(len(claims)),
        "failures": str(counts[Verdict.NO_GO]),
        "errors": str(counts[Verdict.INCONCLUSIVE]),
    }
    root = ET.Element("testsuites", numbers)
    suite = ET.SubElement(root, "testsuite", {"name": f"roadtest.{analysis.results.name}", **numbers})
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("verdict", analysis.overall.verdict),
        ("reason", analysis.overall.reason),
        ("fingerprint", analysis.results.fingerprint),
        ("variants", analysis.results.manifest),
        ("system", analysis.results.system),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": plain(value)})
    for name, verdict, reason, needs in claims:
        case = ET.SubElement(suite, "testcase", {"classname": f"roadtest.{analysis.results.name}", "name": plain(name)})
        if verdict is not Verdict.GO:
            kind = "failure" if verdict is Verdict.NO_GO else "error"
            said = ET.SubElement(case, kind, {"type": verdict, "message": plain(reason)})
            said.text = plain("\n".join(needs)) or None
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
