"""Names in a bill of materials what AWS's Lambda runtime adds: `python -m release.bill_of_materials FILE`.

The function is deployed without packages. The runtime brings boto3 along, in a version that AWS chooses, so the bill names
it as external and without a version (CycloneDX 1.7, `isExternal`), next to the version that was tested.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TESTED = Path(__file__).parents[1] / "requirements-dev.txt"
RUNTIME = ("boto3", "botocore")
SOURCE = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"


def main() -> None:
    """Add the runtime's packages to the file, which is then as reproducible as before."""
    file = Path(sys.argv[1])
    bill = json.loads(file.read_text(encoding="utf-8"))
    added = [component(name) for name in RUNTIME]
    bill["components"] += added
    subject = bill["metadata"]["component"]["bom-ref"]
    (root,) = (one for one in bill["dependencies"] if one["ref"] == subject)
    root["dependsOn"] = sorted([*root.get("dependsOn", []), *(one["bom-ref"] for one in added)])
    bill["dependencies"] += [{"ref": one["bom-ref"]} for one in added]
    file.write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def component(name: str) -> dict[str, Any]:
    """Return what the bill says of one package of the runtime."""
    (tested,) = re.findall(rf"^{name}==(\S+)", TESTED.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "type": "library",
        "bom-ref": f"aws-lambda-runtime/{name}",
        "name": name,
        "isExternal": True,
        "versionRange": "vers:pypi/*",
        "purl": f"pkg:pypi/{name}",
        "description": f"In the function: the version that AWS's Lambda runtime brings along. Tested with {tested}.",
        "externalReferences": [{"type": "documentation", "url": SOURCE}],
    }


if __name__ == "__main__":
    main()
